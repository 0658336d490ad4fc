# Sourced by examples/quickstart and tests/run: installs what is missing and
# builds into build/. Needs $root, the folder of the project.

# install_packages LIST...
# Asks for root only to install, and only when something is missing.
install_packages() {
  local missing=() name
  while read -r name; do
    [[ -z $name || $name == \#* ]] && continue
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null \
      | grep -q 'ok installed' || missing+=("$name")
  done < <(cd "$root/runtime/cmake" && cat "$@")
  [[ ${#missing[@]} -eq 0 ]] && return
  echo "Installing: ${missing[*]}"
  local as_root=()
  if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null \
      || { echo "error: install these as root: ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# One job per GiB of memory at most: actor code is heavy to compile.
jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
  [[ $memory -lt 1 ]] && memory=1
  echo $((cores < memory ? cores : memory))
}

# build DIR TARGET... -- CMAKE_OPTION...
build() {
  local dir=$1 targets=()
  shift
  while [[ $# -gt 0 && $1 != -- ]]; do
    targets+=("$1")
    shift
  done
  [[ $# -gt 0 ]] && shift
  # Results of one checkout serve another.
  export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
  cmake -S "$root" -B "$dir" -G Ninja "$@" >/dev/null
  ninja -C "$dir" -j "$(jobs)" "${targets[@]}"
}
