#!/bin/sh
# SPDX-License-Identifier: ISC
# Installs the Debian packages of tools/packages.txt that are missing, for the purposes named ("build", "check", "peers").
# Says what it will install and asks first, unless it runs as root without a terminal, or with --yes.
set -eu
cd "$(dirname "$0")/.."

yes=no
purposes=
for argument in "$@"; do
    case $argument in
    --yes) yes=yes ;;
    build | check | peers) purposes="$purposes $argument" ;;
    *)
        echo "install.sh: unknown word '$argument', expected build, check, peers or --yes" >&2
        exit 2
        ;;
    esac
done

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]
}

wanted() {
    for purpose in $purposes; do
        sed -n "s/^$purpose  *//p" tools/packages.txt
    done
}

missing=
for item in $(wanted); do
    package=${item%%:*}
    command=
    case $item in *:*) command=${item#*:} ;; esac
    if [ -n "$command" ] && command -v "$command" >/dev/null 2>&1; then
        continue
    fi
    if ! command -v dpkg-query >/dev/null 2>&1; then
        missing="$missing $package"
    elif ! is_installed "$package"; then
        missing="$missing $package"
    fi
done
[ -n "$missing" ] || exit 0

echo "These packages are missing:$missing"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "This is no Debian: please install them (or what they are called here) and run this again." >&2
    exit 1
fi
sudo=
if [ "$(id -u)" -ne 0 ]; then
    sudo=sudo
    if ! command -v sudo >/dev/null 2>&1; then
        echo "Installing them needs root: run 'apt-get install$missing' as root, then this again." >&2
        exit 1
    fi
fi
if [ "$yes" = no ] && { [ -t 0 ] || [ -n "$sudo" ]; }; then
    printf 'Install them with apt-get? [Y/n] '
    read -r answer || answer=n
    case $answer in
    '' | y | Y | yes | Yes) ;;
    *)
        echo "Nothing was installed." >&2
        exit 1
        ;;
    esac
fi
$sudo apt-get update -q
# shellcheck disable=SC2086 # a list of words
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
