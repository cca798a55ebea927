# Sourced by start.sh, test.sh and .ci/run: what a machine needs before the first build. Quick when all is there.

prepare() {
    need_dotnet
    need_servers
    choose_aspire
    offer_dashboard
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
need_servers() {
    local missing=()
    has_postgres || missing+=(postgresql)
    command -v redis-server >/dev/null || missing+=(redis-server)
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

# Some package feeds do not carry Aspire. A trial restore tells, and the answer is kept (git-ignored); delete
# UseAspire.props to ask again.
choose_aspire() {
    local answer=UseAspire.props
    if [ -f "$answer" ]; then return; fi
    local version trial use=false
    version=$(sed -n 's/.*Include="Aspire.Npgsql" Version="\([^"]*\)".*/\1/p' Directory.Packages.props)
    trial=$(mktemp -d)
    cat >"$trial/trial.csproj" <<PROJECT
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageReference Include="Aspire.Npgsql" Version="[$version]" /></ItemGroup>
</Project>
PROJECT
    if dotnet restore "$trial/trial.csproj" -v quiet -nodeReuse:false >/dev/null 2>&1; then use=true; fi
    rm -rf "$trial"
    echo "<Project><PropertyGroup><UseAspire>$use</UseAspire></PropertyGroup></Project>" >"$answer"
    if [ "$use" = true ]; then
        echo "This package feed carries Aspire: the AppHost is built with it (UseAspire.props)."
    else
        echo "This package feed does not carry Aspire: the AppHost is left out (UseAspire.props)."
    fi
}

# The Aspire dashboard shows what `up` and its services do. It comes with the aspire command line; where npm is and no
# aspire, that is fetched once (127 MB). Nothing needs it: without it there is no page, and its tests are skipped.
offer_dashboard() {
    local version=13.5.4 platform
    case "$(uname -s)-$(uname -m)" in
        Linux-x86_64) platform=linux-x64 ;;
        Linux-aarch64) platform=linux-arm64 ;;
        Darwin-arm64) platform=osx-arm64 ;;
        *) return 0 ;;
    esac
    local package=@microsoft/aspire-cli-$platform
    if [ -n "${ASPIRE_DASHBOARD_PATH:-}" ] || command -v aspire >/dev/null || ! command -v npm >/dev/null ||
        [ -d "artifacts/tools/node_modules/$package" ]; then return 0; fi
    echo "Fetching the Aspire dashboard ($package $version) into artifacts/tools"
    npm install --prefix artifacts/tools --no-audit --no-fund --loglevel=error "$package@$version" >/dev/null 2>&1 ||
        echo "It could not be fetched: there will be no dashboard."
}
