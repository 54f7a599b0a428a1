# Shared by the scripts beside it: sourced, never run.
# Callers start with `set -euo pipefail` and have ROOT, the top folder of the repository.

readonly SWIFT_MINIMUM=6.2
# Where Debian has what it thinks only root looks for; debootstrap, iptables and nginx are there.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

say() { printf '==> %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Prints the head of the script that runs, without its first line.
show_head() {
  sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[-1]}"
}

# Whether somebody asks for help, anywhere among the arguments: to be answered at once, before anything is installed or built.
asks_for_help() {
  case " $* " in *' -h '* | *' --help '*) return 0 ;; esac
  return 1
}

# What SwiftPM and this package need from Debian to build: a C library and linker for Swift, pkg-config to find the C libraries.
BUILD_PACKAGES=(binutils git libc6-dev libcrypt-dev libssl-dev libyaml-dev pkg-config zlib1g-dev)

as_root() {
  if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi
}

# Makes sure that `as_root` will work, or ends with one sentence: $1 says for what root is needed, $2 what can be done without sudo.
require_root() {
  [[ $(id -u) != 0 ]] || return 0
  command -v sudo >/dev/null || die "$1 needs root, and there is no sudo: $2"
  sudo -n true 2>/dev/null && return
  # Whoever sits at a terminal is asked for the password; sudo itself says why when it is of no use.
  [[ -t 2 ]] && say "$1 needs root" && sudo -v || die "$1 needs root, and sudo does not let $(id -un) be it here: $2"
  # A password holds for some minutes, the tests may need it for longer.
  (while kill -0 $$ 2>/dev/null && sudo -n -v; do sleep 60; done) </dev/null >/dev/null 2>&1 &
}

# Ends with a sentence when another user, or root, has built here before: nothing could be written then.
require_own_folder() {
  local path
  for path in "$ROOT" "$ROOT/.build"; do
    [[ ! -e $path || -w $path ]] ||
      die "$(id -un) may not write to $path, which belongs to $(stat -c %U "$path"): run this as that user, or in a clone of your own"
  done
}

# True when the Debian package `$1` is installed.
is_installed() {
  dpkg-query -W -f '${Status}\n' "$1" 2>/dev/null | grep -q '^install ok installed$'
}

# Those of the named Debian packages that are missing, one on a line.
missing_packages() {
  local package
  for package in "$@"; do
    is_installed "$package" || printf '%s\n' "$package"
  done
}

# There while packages are installed: who ends a job that does so waits for that, or dpkg would be left in the middle of its work.
readonly INSTALLING=$ROOT/.build/installing

# Installs those of the named Debian packages that are missing, and nothing else. Services they bring are not started.
install_missing() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0

  if [[ $(uname -s) != Linux ]] || ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    die "this script installs packages on Debian and Ubuntu only; on this system install what corresponds to: ${missing[*]}"
  fi
  require_root "installing the Debian packages ${missing[*]}" \
    "run 'apt-get install --no-install-recommends ${missing[*]}' as root, then start this again"
  say "installing ${missing[*]}"

  mkdir -p "$(dirname "$INSTALLING")"
  : >"$INSTALLING"
  # policy-rc.d is Debian's way to say "start no services": a Prometheus on port 9090 is not what a tester asked for.
  local policy=/usr/sbin/policy-rc.d policy_is_ours=
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    policy_is_ours=yes
  fi
  local outcome=0
  apt_install "${missing[@]}" || outcome=$?
  [[ -z $policy_is_ours ]] || as_root rm -f "$policy"
  rm -f "$INSTALLING"
  ((outcome == 0)) || die "could not install ${missing[*]}: see apt-get's message above"
}

# The package lists are fetched only when the first try, with the lists as they are, fails.
apt_install() {
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "$@")
  as_root "${install[@]}" >/dev/null 2>&1 && return 0
  say "fetching the package lists"
  as_root apt-get update -qq >&2 || return
  as_root "${install[@]}" >&2
}

require_linux() {
  [[ $(uname -s) == Linux ]] ||
    die "the exporter reads /proc and uses epoll: it builds and runs on Linux only (Debian or Ubuntu, with Swift >= $SWIFT_MINIMUM, zlib, libyaml, OpenSSL 3 and libcrypt)"
}

require_swift() {
  command -v swift >/dev/null ||
    die "no 'swift' in PATH: install Swift >= $SWIFT_MINIMUM (https://www.swift.org/install/linux/), then open a new shell"
  local version
  version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -1)
  [[ $(printf '%s\n' "$SWIFT_MINIMUM" "${version:-0}" | sort -V | head -1) == "$SWIFT_MINIMUM" ]] ||
    die "Swift ${version:-of an unknown version} is too old: $SWIFT_MINIMUM or newer is needed (https://www.swift.org/install/linux/)"
}

# Everything that `swift build` needs on a fresh machine, and the Debian packages that are named.
prepare_build() {
  require_linux
  require_swift
  require_own_folder
  if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
    install_missing "${BUILD_PACKAGES[@]}" "$@"
  else
    require_headers
  fi
}

# Not Debian: what must be there is looked for, and named when it is not.
require_headers() {
  local absent=()
  [[ -e /usr/include/zlib.h ]] || absent+=("zlib's headers (zlib-devel)")
  [[ -e /usr/include/yaml.h ]] || absent+=("libyaml's headers (libyaml-devel)")
  [[ -e /usr/include/openssl/ssl.h ]] || absent+=("OpenSSL's headers (openssl-devel)")
  [[ -e /usr/include/crypt.h ]] || absent+=("libcrypt's headers (libxcrypt-devel)")
  command -v ld >/dev/null || absent+=("a linker (binutils)")
  local list
  printf -v list '%s, ' "${absent[@]}"
  ((${#absent[@]} == 0)) ||
    die "this is not Debian or Ubuntu, so nothing was installed; install with your package manager: ${list%, }"
}

# The flags of `swift build` for the programs as they are shipped, one on a line: optimised, with the Swift runtime inside.
release_flags() {
  # Debug information is a third of the file; the names that a backtrace shows stay.
  local flags=(--package-path "$ROOT" --configuration release --static-swift-stdlib -Xlinker --strip-debug) revision
  # Swift's regular expressions would come with every file, two megabytes that nothing uses.
  flags+=(-Xswiftc -Xfrontend -Xswiftc -disable-implicit-string-processing-module-import)
  # Outside of a clone the binaries call their revision "unknown".
  if revision=$(git -C "$ROOT" rev-parse --short HEAD 2>/dev/null); then
    flags+=(-Xcc "-DHEARTBEAT_REVISION=\"$revision\"")
  fi
  printf '%s\n' "${flags[@]}"
}

# Builds the two programs as they are shipped. Prints the folder they are in.
build_release() {
  local flags product
  mapfile -t flags < <(release_flags)
  for product in heartbeat-exporter heartbeat; do
    swift build "${flags[@]}" --product "$product" >&2 || die "the release build of $product failed: see the compiler's messages above"
  done
  release_folder
}

release_folder() {
  local flags
  mapfile -t flags < <(release_flags)
  swift build "${flags[@]}" --show-bin-path
}

# The flags of `swift build` and `swift test` for the tests, the programs and the fuzzers with the sanitizer $1 (`address` or `thread`), one
# on a line. HEARTBEAT_SANITIZER must say the same to Package.swift.
sanitizer_flags() {
  # Optimised, as what is shipped: it runs several times faster, and what Swift's own generic code reads and writes for ours is looked at too.
  local flags=(--package-path "$ROOT" --scratch-path "$ROOT/.build/sanitize-$1" --configuration release --sanitize "$1")
  # gold, the usual linker, gives up on the debug sections of libFuzzer's own code. Reports want lines, not the types of variables.
  flags+=(-Xswiftc -enable-testing -Xswiftc -use-ld=lld -Xswiftc -gline-tables-only -Xswiftc -warnings-as-errors)
  printf '%s\n' "${flags[@]}"
}

# The Debian packages that the end-to-end tests need, one on a line.
e2e_packages() {
  grep -v '^#' "$ROOT/Tests/EndToEnd/debian-packages.txt"
  python3 -c 'import venv, ensurepip' 2>/dev/null || echo python3-venv
  command -v node >/dev/null || echo nodejs
  command -v npm >/dev/null || echo npm
}

readonly VENV=$ROOT/.build/venv
readonly REQUIREMENTS=("$ROOT/Tests/EndToEnd/requirements.txt" "$ROOT/grafana/requirements.txt")

# An upgrade of the system may have taken away the Python that they were installed for.
has_python_packages() {
  "$VENV/bin/python" -c 'import pytest' 2>/dev/null && cat "${REQUIREMENTS[@]}" | cmp -s - "$VENV/installed-requirements.txt"
}

# What the end-to-end tests need beside the two programs.
prepare_e2e() {
  local packages
  mapfile -t packages < <(e2e_packages)
  install_missing "${packages[@]}"
  has_python_packages && return
  say "installing the Python packages of Tests/EndToEnd/requirements.txt and grafana/requirements.txt"
  python3 -m venv --clear "$VENV"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check "${REQUIREMENTS[@]/#/--requirement=}" ||
    die "pip could not install ${REQUIREMENTS[*]}: is PyPI reachable?"
  cat "${REQUIREMENTS[@]}" >"$VENV/installed-requirements.txt"
}

# The images for the tests that run containers (see Tests/EndToEnd/support/podman.py): made once, kept in .build/stack. $1: `part`, without
# those that only the stack's own test uses, which is `costly`.
prepare_images() {
  # podman's storage is root's; the tests put their lock and what they have downloaded beside it.
  as_root install -d -o "$(id -u)" -g "$(id -g)" "$ROOT/.build/stack"
  as_root env PATH="$PATH" "$ROOT/Tests/EndToEnd/support/stack/stand-ins" "$ROOT/.build/stack" "$@" || say "the images for podman could not be made: the tests with containers will fail"
}

# Says what is going to be installed, before it is: by `prepare_build` with the same names, and for the end-to-end tests where the name
# is e2e.
announce() {
  local packages=("${BUILD_PACKAGES[@]}") missing=() is_nothing=yes
  if [[ ${1-} == e2e ]]; then mapfile -t -O "${#packages[@]}" packages < <(e2e_packages); else packages+=("$@"); fi
  ! command -v dpkg-query >/dev/null || mapfile -t missing < <(missing_packages "${packages[@]}" | sort -u)
  ((${#missing[@]} == 0)) || { say "will install with apt-get: ${missing[*]}" && is_nothing=; }
  if [[ ${1-} == e2e ]]; then
    has_python_packages || { say "will install from PyPI into .build/venv: $(sort -u "${REQUIREMENTS[@]}" | paste -sd ' ')" && is_nothing=; }
    [[ -e $ROOT/.build/stack/base/complete ]] || { say "will make images for podman in .build/stack: debootstrap of Debian, and Debian packages" && is_nothing=; }
  fi
  [[ -z $is_nothing ]] || say "everything is installed"
}
