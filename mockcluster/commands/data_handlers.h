#pragma once

#include "mockcluster/commands/command.h"

// The handlers of commands on strings and keys, beside those of handlers.h.
namespace mockcluster::inline v0 {

// string
void GetEx(CommandContext& context);
void IncrByFloat(CommandContext& context);
void MsetNx(CommandContext& context);

// hyperloglog
void PfCount(CommandContext& context);

// string_ranges
void GetBit(CommandContext& context);
void GetRange(CommandContext& context);
void SetBit(CommandContext& context);
void SetRange(CommandContext& context);

// string_lcs
void Lcs(CommandContext& context);

// keys_copy
void Copy(CommandContext& context);
void Move(CommandContext& context);
void Rename(CommandContext& context);
void RenameNx(CommandContext& context);

// object
void ExpireTime(CommandContext& context);
void ObjectEncoding(CommandContext& context);
void ObjectFreq(CommandContext& context);
void ObjectRefcount(CommandContext& context);
void PexpireTime(CommandContext& context);

}  // namespace mockcluster::inline v0
