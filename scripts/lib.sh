# Shared by scripts/test and scripts/demo; sourced, not run. Needs bash.
# shellcheck shell=bash

say() { printf '%s\n' "$@"; }

fail() {
    printf '%s: %s\n' "$0" "$*" >&2
    exit 1
}

# The folder of PostgreSQL's server programs, the newest where there are several.
postgres_bin() {
    local folder
    if [ -n "${PG_BIN:-}" ]; then
        [ -x "$PG_BIN/postgres" ] || fail "PG_BIN is $PG_BIN, where there is no PostgreSQL server. Correct it or unset it."
        printf '%s\n' "$PG_BIN"
        return
    fi
    for folder in "$(pg_config --bindir 2>/dev/null)" $(
        printf '%s\n' /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin \
            /usr/pgsql-*/bin | sort -rV
    ); do
        if [ -x "$folder/postgres" ] && [ -x "$folder/initdb" ]; then
            printf '%s\n' "$folder"
            return
        fi
    done
}

# The path of a program, also where it is not on the PATH of everybody but root.
path_of() { PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v "$1"; }

# Installs what the build needs and the machine lacks, and so with the programs that are named. What is installed is used
# for its programs only: no service is started, and what already runs on this machine is left alone.
install_missing() {
    local packages=() become=() program
    command -v swift >/dev/null ||
        fail "Swift is not on the PATH. Install Swift 6.2 or newer (https://swift.org/install) and try again."
    command -v pkg-config >/dev/null || packages+=(pkg-config)
    pkg-config --exists libpq 2>/dev/null || packages+=(libpq-dev)
    pkg-config --exists zlib 2>/dev/null || packages+=(zlib1g-dev)
    [ -n "$(postgres_bin)" ] || packages+=(postgresql)
    for program in "$@"; do
        path_of "$program" >/dev/null || packages+=("$program")
    done
    [ ${#packages[@]} -gt 0 ] || return 0

    command -v apt-get >/dev/null ||
        fail "These Debian packages, or their like on this system, are missing: ${packages[*]}. Install them and try again."
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            fail "These packages are missing: ${packages[*]}. As root, run: apt-get install ${packages[*]}"
        become=(sudo)
    fi
    say "Installing what is missing: ${packages[*]}"
    local log
    log=$(mktemp)
    if ! install_packages "${packages[@]}" >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        fail "Could not install ${packages[*]}; what apt-get said is above."
    fi
    rm -f "$log"
}

# Installs packages while Debian's policy is to start no service, unless this machine has a policy of its own.
install_packages() (
    policy=/usr/sbin/policy-rc.d
    as_root() { ${become[@]+"${become[@]}"} "$@"; }
    # shellcheck disable=SC2317
    clean_up() { as_root rm -f "$policy"; }
    if [ ! -e "$policy" ]; then
        clean_up_at_exit
        # shellcheck disable=SC2016
        as_root sh -c 'printf "#!/bin/sh\nexit 101\n" >"$0" && chmod 755 "$0"' "$policy" || exit
    fi
    # The lists that are there may do even if one of them cannot be renewed.
    as_root apt-get update -q || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
)

port_is_open() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A port on which nobody listens, from below the range that the kernel hands out itself.
free_port() {
    local port
    while :; do
        port=$((15000 + RANDOM % 17000))
        port_is_open "$port" || break
    done
    printf '%s\n' "$port"
}

# Runs a command in a process group of its own and waits for it: a signal for this script is dealt with at once, and
# stop_started reaches whatever the command started in turn.
run() {
    start "$@"
    wait "$started_last"
}

# Starts a command in the background, likewise.
start() {
    set -m
    "$@" &
    set +m
    started_last=$!
    started+=("$started_last")
}

started=()

# Stops what was started, the last one first, and waits for it. SIGINT, because `swift test` passes on no other signal.
stop_started() {
    local index
    for ((index = ${#started[@]} - 1; index >= 0; index--)); do
        kill -INT -- "-${started[index]}" 2>/dev/null || continue
        wait "${started[index]}" 2>/dev/null || true
    done
    started=()
}

# `clean_up` runs when the script ends, whatever ends it.
clean_up_at_exit() {
    trap 'clean_up' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}
