# Sourced by every script: kubectl with a namespace of its own.
#   k ARGS...             runs kubectl
#   shows TEXT ARGS...    its output must have TEXT in it
#   fails TEXT ARGS...    it must fail and say TEXT
set -euo pipefail

k() {
  "$KUBECTL" "$@"
}

complain() {
  printf 'kubectl %s\nprinted:\n%s\nexpected: %s\n' "$1" "$2" "$3" >&2
  exit 1
}

shows() {
  local text=$1 output
  shift
  output=$(k "$@" 2>&1) || complain "$*" "$output" "success"
  [[ $output == *"$text"* ]] || complain "$*" "$output" "$text"
}

fails() {
  local text=$1 output
  shift
  if output=$(k "$@" 2>&1); then
    complain "$*" "$output" "failure"
  fi
  [[ $output == *"$text"* ]] || complain "$*" "$output" "$text"
}
