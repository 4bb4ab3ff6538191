#!/usr/bin/env node
// Runs the program with the same arguments, streams and signals.
'use strict';

const { spawn } = require('child_process');
const path = require('path');

const program = spawn(path.join(__dirname, 'mockcluster'), process.argv.slice(2), {
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => program.kill(signal));
program.on('error', (error) => {
  console.error(`mockcluster: ${error.message}`);
  process.exit(1);
});
program.on('exit', (code, signal) => process.exit(signal ? 1 : code));
