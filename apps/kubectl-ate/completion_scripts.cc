#include "apps/kubectl-ate/completion_scripts.h"

namespace atestore::cli {
namespace {

// "kubectl-ate __complete" answers one candidate a line and, last, a line ":4" (which tells
// kubectl's completion not to offer file names).
constexpr char kBash[] =
    R"script(# bash completion for kubectl-ate: source <(kubectl-ate completion bash)
_kubectl_ate() {
  local candidate line=${COMP_LINE:0:COMP_POINT}
  local -a words
  COMPREPLY=()
  # Not COMP_WORDS, which has three words for HOST:PORT.
  read -ra words <<<"$line"
  case "$line" in
    *[[:space:]]) words+=("") ;;
  esac
  while IFS= read -r candidate; do
    case "$candidate" in
      :*) ;;
      *) COMPREPLY+=("$candidate") ;;
    esac
  done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
}
complete -o default -F _kubectl_ate kubectl-ate
)script";

constexpr char kZsh[] = R"script(#compdef kubectl-ate
# zsh completion for kubectl-ate: after compinit, source <(kubectl-ate completion zsh);
# or keep this as a file "_kubectl-ate" in a folder of fpath.
_kubectl_ate() {
  local -a candidates
  candidates=(${(f)"$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
  candidates=(${candidates:#:*})
  compadd -a candidates
}
if [[ ${funcstack[1]} = _kubectl-ate ]]; then
  _kubectl_ate
else
  compdef _kubectl_ate kubectl-ate
fi
)script";

constexpr char kFish[] =
    R"script(# fish completion for kubectl-ate: kubectl-ate completion fish | source
function __kubectl_ate_complete
    set -l words (commandline -opc) (commandline -ct)
    kubectl-ate __complete $words[2..-1] 2>/dev/null | string match -v ':*'
end
complete -c kubectl-ate -f -a '(__kubectl_ate_complete)'
)script";

}  // namespace

std::string CompletionScript(std::string_view shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  if (shell == "fish") return kFish;
  return "";
}

}  // namespace atestore::cli
