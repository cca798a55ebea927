#!/bin/sh
# Writes the tables of docs/SCALING.md anew, each between its two marks, from the commands that make them.
set -eu
cd "$(dirname "$0")/.."
surge="dotnet run -c Release --project Fulfillment.Surge --"
page=docs/SCALING.md
made=$(mktemp)
trap 'rm -f "$made" "$made.page"' EXIT

# Replaces what stands between <!-- NAME --> and <!-- /NAME --> by standard input.
replace() {
  cat >"$made"
  awk -v name="$1" -v made="$made" '
    $0 == "<!-- /" name " -->" { inside = 0 }
    !inside { print }
    $0 == "<!-- " name " -->" { inside = 1; while ((getline line < made) > 0) print line; close(made) }
  ' "$page" >"$made.page"
  cat "$made.page" >"$page"
}

for recording in recorded recorded-1.32 recorded-keda-2.20; do
  $surge simulate --recorded "Fulfillment.Tests/Autoscaling/Recorded/$recording.json" --table | replace "$recording"
done
$surge simulate --forecast | replace forecast
