# Shared by the scripts beside it: sourced, never run.
# Callers start with `set -euo pipefail` and have ROOT, the top folder of the repository.

readonly SWIFT_MINIMUM=6.2

say() { printf '==> %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# What SwiftPM and this package need from Debian to build: a C library and linker for Swift, pkg-config to find the C libraries.
BUILD_PACKAGES=(binutils git libc6-dev libcrypt-dev libssl-dev libyaml-dev pkg-config zlib1g-dev)

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "need root to run '$*', and there is no sudo: run it as root, then start this script again"
  fi
}

# True when the Debian package `$1` is installed.
is_installed() {
  dpkg-query -W -f '${Status}\n' "$1" 2>/dev/null | grep -q '^install ok installed$'
}

# Installs those of the named Debian packages that are missing, and nothing else. Services they bring are not started.
install_missing() {
  local missing=() package
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  ((${#missing[@]})) || return 0

  if [[ $(uname -s) != Linux ]] || ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    die "this script installs packages on Debian and Ubuntu only; on this system install what corresponds to: ${missing[*]}"
  fi
  say "installing ${missing[*]}"

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

# Everything that `swift build` needs on a fresh machine.
prepare_build() {
  require_linux
  require_swift
  if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
    install_missing "${BUILD_PACKAGES[@]}"
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
  swift build "${flags[@]}" --show-bin-path
}

# What the end-to-end tests need beside the two programs.
prepare_e2e() {
  local packages
  mapfile -t packages < <(grep -v '^#' "$ROOT/Tests/EndToEnd/debian-packages.txt")
  python3 -c 'import venv, ensurepip' 2>/dev/null || packages+=(python3-venv)
  command -v node >/dev/null || packages+=(nodejs)
  command -v npm >/dev/null || packages+=(npm)
  install_missing "${packages[@]}"

  local venv=$ROOT/.build/venv requirements=("$ROOT/Tests/EndToEnd/requirements.txt" "$ROOT/grafana/requirements.txt")
  if ! cat "${requirements[@]}" | cmp -s - "$venv/installed-requirements.txt"; then
    say "installing the Python packages of Tests/EndToEnd/requirements.txt and grafana/requirements.txt"
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "${requirements[@]/#/--requirement=}" ||
      die "pip could not install ${requirements[*]}: is PyPI reachable?"
    cat "${requirements[@]}" >"$venv/installed-requirements.txt"
  fi
}
