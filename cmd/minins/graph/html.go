//go:build linux

package graph

import "strings"

// drawHTML draws a picture as one page that loads nothing.
func drawHTML(p *picture) string {
	links := 0
	for _, s := range p.spaces {
		links += len(s.links)
	}
	return strings.Replace(pageHead, "#", number(len(p.spaces))+", with "+number(links)+" links", 1) + drawSVG(p) + "</body></html>\n"
}

const pageHead = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,"><title>Network namespaces</title>
<style>body{margin:1.5rem;font:15px system-ui,sans-serif;background:canvas;color:canvastext}h1{font-size:1.3rem;margin:0 0 .2rem}p{margin:0 0 1rem;opacity:.75}span{white-space:nowrap}
svg{max-width:100%;height:auto}i{display:inline-block;width:1.4em;height:.7em;margin:0 .3em 0 1em;border:1.5px solid rgb(111,159,208);border-radius:3px}
.b{background:rgb(43,108,176)}.d{border-style:dashed none none}.n{border-color:rgb(217,162,92)}.f{border-color:rgb(131,147,165)}</style></head>
<body><h1>Network namespaces: #</h1>
<p>The frame is the namespace that was looked from. <span><i class="f"></i>another one</span> <span><i></i>link</span> <span><i class="b"></i>bridge</span> <span><i class="d"></i>down</span> <span><i class="n"></i>way out.</span> More where the mouse is.</p>
`
