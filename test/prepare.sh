#!/bin/sh
# Sees to what the tests need from the machine: PostgreSQL's server programs, Chromium, fonts for Chinese, Node.js. Installs what is
# missing where apt-get is there and may be used; elsewhere says in one line what to install. Says nothing when all is there.
set -eu

postgres() {
	[ -n "${BILLFOLD_TEST_PG_BIN:-}" ] || command -v initdb >/dev/null 2>&1 ||
		ls -d /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb /opt/homebrew/opt/postgresql*/bin/initdb \
			/usr/local/opt/postgresql*/bin/initdb /Applications/Postgres.app/Contents/Versions/*/bin/initdb 2>/dev/null | grep -q .
}

browser() {
	[ -n "${BILLFOLD_TEST_CHROMIUM:-}" ] || [ -d '/Applications/Google Chrome.app' ] || [ -d '/Applications/Chromium.app' ] ||
		command -v chromium-headless-shell chrome-headless-shell chromium chromium-browser \
			google-chrome google-chrome-stable 2>/dev/null | grep -q .
}

fonts() {
	[ "$(uname)" = Darwin ] || { command -v fc-list >/dev/null 2>&1 && fc-list :lang=zh-cn | grep -q .; }
}

missing=
if [ "${1:-}" = long ]; then # the model of the purse is checked by spin, which writes a C program; so is the race detector
	command -v spin >/dev/null 2>&1 || missing="$missing spin"
	command -v cc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
fi
postgres || missing="$missing postgresql"
browser || missing="$missing chromium"
fonts || missing="$missing fontconfig fonts-noto-cjk"
command -v pdftotext >/dev/null 2>&1 || missing="$missing poppler-utils" # reads our PDFs
command -v zbarimg >/dev/null 2>&1 || missing="$missing zbar-tools"      # reads our QR codes
command -v npm >/dev/null 2>&1 || missing="$missing nodejs npm"           # runs the programs of test/outside
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
	if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then sudo=sudo; else sudo=no; fi
fi
if ! command -v apt-get >/dev/null 2>&1 || [ "$sudo" = no ]; then
	echo "The tests need:$missing. Install them (Debian: sudo apt-get install$missing; macOS: brew install postgresql@17 and Chrome)." >&2
	exit 1
fi

echo "Installing for the tests:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Another installation may be under way: wait for it rather than fail. The package lists of a fresh machine may be empty.
install="env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -qq"
# shellcheck disable=SC2086 # the words are meant to be split
if ! { $sudo $install update && $sudo $install install -y --no-install-recommends $missing; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "apt-get could not install:$missing" >&2
	exit 1
fi
