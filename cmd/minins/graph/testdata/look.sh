#!/bin/bash
# Has other programs read the golden pictures: dot, Mermaid's own parser, and headless
# Chromium, which must not say a word of an error. Pictures are left in $OUT, to look at.
set -eu
cd "$(dirname "$0")"
OUT=${OUT:-$(mktemp -d)}
for program in dot node npm chromium; do
	command -v $program >/dev/null || { echo "there is no $program: apt-get install graphviz nodejs npm chromium" >&2; exit 1; }
done

for f in *.dot; do
	dot -Tsvg -o "$OUT/${f%.dot}.dot.svg" "$f"
done
echo "dot reads $(ls ./*.dot | wc -l) files"

(cd "$OUT" && npm install --silent --no-save --prefix . mermaid jsdom >/dev/null)
cat >"$OUT/mermaid.mjs" <<'SCRIPT'
import { readFileSync } from 'node:fs'
import { JSDOM } from 'jsdom'
const { window } = new JSDOM('')
Object.assign(globalThis, { window, document: window.document })
const mermaid = (await import('mermaid')).default
let failed = 0
for (const file of process.argv.slice(2)) {
	try {
		await mermaid.parse(readFileSync(file, 'utf8'))
	} catch (e) {
		failed++
		console.error(file + ': ' + e.message)
	}
}
console.log(`Mermaid reads ${process.argv.length - 2 - failed} files`)
process.exit(failed)
SCRIPT
node "$OUT/mermaid.mjs" "$PWD"/*.mmd

for f in *.html *.svg; do
	size=$(sed -n 's/.*<svg [^>]*width="\([0-9]*\)" height="\([0-9]*\)".*/\1,\2/p' "$f")
	log=$(chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --enable-logging=stderr --v=0 \
		--window-size="$size" --screenshot="$OUT/$f.png" "file://$PWD/$f" 2>&1 | grep -E 'CONSOLE|error on line' || true)
	if [ -n "$log" ] || [ ! -s "$OUT/$f.png" ]; then
		echo "Chromium, of $f: $log" >&2
		exit 1
	fi
done
echo "Chromium shows $(ls ./*.html ./*.svg | wc -l) files; the pictures are in $OUT"
