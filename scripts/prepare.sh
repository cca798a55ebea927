# Sourced by start.sh, test.sh and .ci/run: what a machine needs before the first build. Quick when all is there.

# prepare [PROGRAM...]: more than the servers, where something wants it.
prepare() {
    need_dotnet
    need_programs "$@"
}

# Build servers would outlive the script.
build() {
    dotnet build "$1" -c Release -v quiet -nodeReuse:false -p:UseSharedCompilation=false
}

need_dotnet() {
    if ! command -v dotnet >/dev/null || ! dotnet --version 2>/dev/null | grep -q '^10\.'; then
        echo "The .NET 10 SDK is needed: https://dotnet.microsoft.com/download/dotnet/10.0" >&2
        exit 1
    fi
}

has_postgres() {
    command -v initdb >/dev/null ||
        compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ||
        compgen -G '/opt/homebrew/opt/postgresql@*/bin/initdb' >/dev/null ||
        compgen -G '/usr/local/opt/postgresql@*/bin/initdb' >/dev/null
}

# Only the programs are wanted: every run starts servers of its own on free ports, whatever the packages started.
need_programs() {
    local missing=()
    # The dashboard is pressed in a real browser; where none is and none comes by apt, that test is skipped.
    if [[ " $* " == *" chromium "* ]] && command -v apt-get >/dev/null && ! command -v chromium >/dev/null; then
        missing+=(chromium)
    fi
    has_postgres || missing+=(postgresql)
    command -v redis-server >/dev/null || missing+=(redis-server)
    # Only a test asks for it, which is skipped where it is not at hand.
    if command -v apt-get >/dev/null && ! command -v pgbouncer >/dev/null && [ ! -x /usr/sbin/pgbouncer ]; then
        missing+=(pgbouncer)
    fi
    if [ ${#missing[@]} -eq 0 ]; then return; fi

    if command -v apt-get >/dev/null; then
        local root=()
        if [ "$(id -u)" -ne 0 ]; then
            if ! command -v sudo >/dev/null; then
                echo "Missing: ${missing[*]}. As root: apt-get install ${missing[*]}" >&2
                exit 1
            fi
            root=(sudo)
        fi
        echo "Installing ${missing[*]}"
        "${root[@]}" apt-get update -qq
        "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
    else
        echo "Missing: ${missing[*]}. Install PostgreSQL 15 or newer and Redis 7.0 or newer, then run this again:" >&2
        echo "  macOS:   brew install postgresql@17 redis" >&2
        echo "  Windows: winget install PostgreSQL.PostgreSQL.17 ; winget install Redis.Redis (or use WSL)" >&2
        exit 1
    fi
}
