// Starts clusters for tests.
'use strict';

const { spawn } = require('child_process');
const net = require('net');
const path = require('path');
const { once } = require('events');

// Below the range that Linux gives to outgoing connections; the cluster bus would be 10000 above.
const FIRST_PORT = 20000;
const LAST_PORT = 29000;
const ATTEMPTS_MAX = 20;
const PORTS_TAKEN = /cannot listen/;

class Cluster {
  constructor(program, nodes) {
    this.program = program;
    // [{ host, port }], primaries first, as clients want them.
    this.nodes = nodes;
  }

  // An event, as in `MOCK HELP`: mock('KILL', 0). Resolves to the first line of the reply, without
  // its type. Rejects with the error reply.
  mock(...args) {
    return send(this.nodes, ['MOCK', ...args.map(String)]);
  }

  // Resolves when the process has ended.
  async stop() {
    if (this.program.exitCode !== null || this.program.signalCode !== null) return;
    const ended = once(this.program, 'exit');
    this.program.kill('SIGTERM');
    await ended;
  }
}

// Some node is alive: asks one after the other.
async function send(nodes, words) {
  let failure = new Error('no nodes');
  for (const node of nodes) {
    try {
      return await sendTo(node, words);
    } catch (error) {
      if (error.code !== 'ECONNREFUSED') throw error;
      failure = error;
    }
  }
  throw failure;
}

function sendTo({ host, port }, words) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, host, () => {
      const bulks = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
      socket.write(`*${words.length}\r\n${bulks.join('')}`);
    });
    let reply = '';
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`no reply to ${words.join(' ')}`)));
    socket.on('data', (bytes) => {
      reply += bytes;
      const end = reply.indexOf('\r\n');
      if (end < 0) return;
      if (reply[0] === '-') reject(new Error(reply.slice(1, end)));
      resolve(reply.slice(1, end));
      socket.destroy();
    });
  });
}

// Resolves to the nodes' addresses, or to what the program said when it ended.
function whenReady(program) {
  return new Promise((resolve) => {
    let output = '';
    const onOutput = (bytes) => {
      output += bytes;
      const ready = /mockcluster is ready:(.*)\n/.exec(output);
      if (!ready) return;
      const nodes = [...ready[1].matchAll(/(\S+):(\d+)/g)].map(([, host, port]) => ({
        host,
        port: Number(port),
      }));
      resolve({ nodes });
    };
    program.stdout.on('data', onOutput);
    program.stderr.on('data', onOutput);
    program.on('error', (error) => resolve({ failure: error.message }));
    program.on('close', () => resolve({ failure: output.trim() }));
  });
}

// Options are the program's flags in camel case: { primaries: 3, replicas: 1, nodeTimeoutMs: 500 };
// `true` stands for a flag without a value. Without `port`, the cluster is on free ports.
async function start(options = {}) {
  const flags = Object.entries(options).flatMap(([name, value]) => {
    const flag = '--' + name.replace(/[A-Z]/g, (letter) => '-' + letter.toLowerCase());
    return value === true ? [flag] : [flag, String(value)];
  });
  for (let attempt = 1; ; ++attempt) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    const place = 'port' in options ? [] : ['--port', String(port)];
    const program = spawn(path.join(__dirname, 'bin', 'mockcluster'), [...flags, ...place]);
    const { nodes, failure } = await whenReady(program);
    if (nodes) return new Cluster(program, nodes);
    if ('port' in options || attempt === ATTEMPTS_MAX || !PORTS_TAKEN.test(failure)) {
      throw new Error(failure);
    }
  }
}

module.exports = { start };
