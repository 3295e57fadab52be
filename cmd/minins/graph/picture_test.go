//go:build linux

package graph

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/survey"
)

var update = flag.Bool("update", false, "write the golden pictures anew")

// formats are all, with the endings of their golden files.
var formats = []struct {
	ending string
	draw   func(*picture) string
}{
	{"txt", func(p *picture) string { return drawText(p, style{width: 80}) }},
	{"dot", func(p *picture) string { return drawMarkup(p, &dot) }},
	{"mmd", func(p *picture) string { return drawMarkup(p, &mermaid) }},
	{"svg", drawSVG},
	{"html", drawHTML},
	{"json", drawJSON},
}

// TestGolden draws all labs, and draws them again as another kernel might have them.
func TestGolden(t *testing.T) {
	for _, lab := range labs {
		for _, f := range formats {
			if f.ending == "html" && lab.name != "tutorial" {
				continue // the same around another SVG
			}
			file := filepath.Join("testdata", lab.name+"."+f.ending)
			got := f.draw(lab.make().picture())
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s (-update writes it anew):\n%s", file, testns.Diff(string(want), got))
			}
			for seed := range uint64(5) {
				if other := f.draw(lab.make().shuffled(seed).picture()); other != got {
					t.Fatalf("%s depends on the order of things:\n%s", file, testns.Diff(got, other))
				}
			}
		}
	}
}

// TestTwice draws one picture in all formats, one after another and again.
func TestTwice(t *testing.T) {
	for _, lab := range labs {
		p := lab.make().picture()
		for range 2 {
			for _, f := range formats {
				if got, want := f.draw(p), f.draw(lab.make().picture()); got != want {
					t.Fatalf("%s.%s: another picture was drawn before, and changed it:\n%s", lab.name, f.ending, testns.Diff(want, got))
				}
			}
		}
	}
}

// random is a lab of some namespaces, bridges and cables at random.
func random(seed uint64) *lab {
	rnd := rand.New(rand.NewPCG(seed, 2))
	l := &lab{}
	all := []*survey.Namespace{l.ns("")}
	for i := range rnd.IntN(40) {
		all = append(all, l.ns(strings.Repeat("n", 1+rnd.IntN(12))+fmt.Sprint(i)))
	}
	var bridges []*survey.Link
	for i := range rnd.IntN(8) {
		n := all[rnd.IntN(len(all))*rnd.IntN(2)] // often the caller's
		bridges = append(bridges, device(n, fmt.Sprint("br", i), "bridge", "10.0.0.1/24"))
	}
	for i := range rnd.IntN(60) {
		a := device(all[rnd.IntN(len(all))], fmt.Sprint("a", i), "veth", "10.0.0.1/24", "fd00::1/64")
		b := device(all[rnd.IntN(len(all))], fmt.Sprint("b", i), "veth")
		cable(a, b)
		if len(bridges) > 0 {
			if m := bridges[rnd.IntN(len(bridges))]; m.Namespace == b.Namespace {
				port(b, m.Name)
			}
		}
		if rnd.IntN(4) == 0 {
			down(a)
		}
	}
	return l
}

func (b box) overlaps(c box, by int) bool {
	return b.x < c.x+c.w+by && c.x < b.x+b.w+by && b.y < c.y+c.h+by && c.y < b.y+b.h+by
}

// TestLayout looks at where things are: nothing is on top of another, no cable goes
// through a box, and all is in the frame.
func TestLayout(t *testing.T) {
	pictures := map[string]*picture{}
	for _, lab := range labs {
		pictures[lab.name] = lab.make().picture()
	}
	for seed := range uint64(60) {
		pictures[fmt.Sprint("random ", seed)] = random(seed).picture()
	}
	for name, p := range pictures {
		l := arrange(p)
		ends := 0
		for n, i := range l.items {
			if i.x < l.frame.x || i.x+i.w > l.frame.x+l.frame.w || i.y < l.frame.y+40 || i.y+i.h > l.frame.y+l.frame.h {
				t.Errorf("%s: %+v is not in the frame %+v", name, i.box, l.frame)
			}
			for _, other := range l.items[:n] {
				if i.overlaps(other.box, 6) {
					t.Errorf("%s: %+v is on %+v", name, i.box, other.box)
				}
			}
			sides := [2][]*slot{i.in, i.out}
			if i.piece != nil || i.link != nil { // the ends at a bar may be at its pieces
				sides[1] = slices.DeleteFunc(slices.Clone(i.out), func(s *slot) bool { return s.item != i })
			}
			for _, side := range sides {
				for k, s := range side {
					ends++
					if half := s.lines.width()/2 + 4; i.space != nil && (s.x-half < i.x || s.x+half > i.x+i.w) {
						t.Errorf("%s: the end %s, %d wide at %d, is not at its box %+v", name, s.link.name, 2*half, s.x, i.box)
					}
					for _, other := range side[:k] {
						if d := max(s.x-other.x, other.x-s.x); d < (s.lines.width()+other.lines.width())/2+4 && s.item == other.item && i.space != nil {
							t.Errorf("%s: the ends %s and %s are %d apart", name, s.link.name, other.link.name, d)
						}
					}
				}
			}
			for _, s := range i.in {
				if s.x != s.other.x || i.row-s.other.item.row != 1 && s.other.item.row-i.row != 1 {
					t.Errorf("%s: the cable to %s is not straight", name, s.link.name)
				}
			}
		}
		for n, w := range l.wires {
			for k := 2; k+2 < len(w)-2; k += 2 { // without the ends, which are at boxes
				part := box{min(w[k], w[k+2]), min(w[k+1], w[k+3]), max(w[k]-w[k+2], w[k+2]-w[k]), max(w[k+1]-w[k+3], w[k+3]-w[k+1])}
				for _, i := range l.items {
					if i.overlaps(part, 4) {
						t.Errorf("%s: cable %s goes through %+v", name, l.rest[n].link.name, i.box)
					}
				}
				if part.x+part.w > l.frame.x+l.frame.w-4 {
					t.Errorf("%s: cable %s leaves the frame", name, l.rest[n].link.name)
				}
			}
		}
		if len(l.rest) != len(l.wires) {
			t.Errorf("%s: %d cables, %d ways", name, len(l.rest), len(l.wires))
		}
	}
}

// checkXML reads all of it.
func checkXML(text string) error {
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

var (
	dotLine     = regexp.MustCompile(`^\t*(graph|node|edge|subgraph|[a-z0-9]+|label|style=rounded|\})( -- [a-z0-9]+)?( ?("([^"\\]|\\.)*"|\[[^"\]]*("([^"\\]|\\.)*"[^"\]]*)*\]|=|\{))*$`)
	mermaidLine = regexp.MustCompile(`^(flowchart LR|\tend|\t[\ta-z0-9 .=\-]*[\[>(]*("[^"<\x60%{}|\[\]\\]*(<br/>[^"<\x60%{}|\[\]\\]*)*")?[\])]*[a-z0-9 .=\-]*)$`)
)

// checkLines has each line be one of the language.
func checkLines(t *testing.T, what, text string, line *regexp.Regexp) {
	t.Helper()
	for s := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if !line.MatchString(s) {
			t.Errorf("%s: %q", what, s)
		}
	}
}

// checkAll has each format be what it is.
func checkAll(t *testing.T, name string, p *picture) {
	t.Helper()
	text := drawText(p, style{width: 80})
	for _, r := range text {
		if r != '\n' && !unicode.IsPrint(r) || r == utf8.RuneError {
			t.Errorf("%s: text has %q", name, r)
		}
	}
	for _, r := range drawText(p, style{width: 80, ascii: true}) {
		if r != '\n' && (r < ' ' || r > '~') {
			t.Errorf("%s: text of ASCII has %q", name, r)
		}
	}
	if err := checkXML(drawSVG(p)); err != nil {
		t.Errorf("%s: SVG: %v", name, err)
	}
	links := 0
	for _, s := range p.spaces {
		links += len(s.links)
	}
	if head := fmt.Sprintf("<h1>Network namespaces: %d, with %d links</h1>", len(p.spaces), links); !strings.Contains(drawHTML(p), head) {
		t.Errorf("%s: HTML has no %s", name, head)
	}
	checkLines(t, name+" DOT", drawMarkup(p, &dot), dotLine)
	checkLines(t, name+" Mermaid", drawMarkup(p, &mermaid), mermaidLine)
}

func TestLanguages(t *testing.T) {
	for _, lab := range labs {
		checkAll(t, lab.name, lab.make().picture())
	}
}

// TestGraphviz has the real one read it.
func TestGraphviz(t *testing.T) {
	for _, lab := range labs {
		r := testns.Cmd{Args: []string{"dot", "-Tsvg"}, Stdin: drawMarkup(lab.make().picture(), &dot)}.Run(t)
		if r.Code != 0 || r.Stderr != "" {
			t.Errorf("%s: exit %d: %s", lab.name, r.Code, r.Stderr)
		}
		if lab.name == "names" && !strings.Contains(r.Stdout, "&lt;&amp;&quot;&#39;") {
			t.Errorf("a name is another one:\n%s", r.Stdout)
		}
	}
}

// FuzzNames has any text come back from each language as it was, but for what cannot be
// printed.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{"red", "a\"b", "\xff\x00", "<!--", "#quot;", "\\", "%%{init}", "`md`", "&amp;", "\u2028", "─", "\ufffd", "07"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		text := clean(a)
		for _, r := range text {
			if !unicode.IsPrint(r) {
				t.Errorf("%q has %q", text, r)
			}
		}
		if utf8.ValidString(a) && strings.IndexFunc(a, func(r rune) bool { return !strconv.IsPrint(r) }) < 0 && text != a {
			t.Errorf("%q is %q", a, text)
		}
		d := xml.NewDecoder(strings.NewReader("<a>" + escape(text, forXML) + "</a>"))
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
		if tok, err := d.Token(); text != "" && (err != nil || string(tok.(xml.CharData)) != text) {
			t.Errorf("XML: %q, %v", tok, err)
		}
		quoted := escape(text, forDOT)
		if back := strings.NewReplacer(`\"`, `"`, `\\`, `\`, "&#38;", "&", "&#60;", "<", "&#62;", ">").Replace(quoted); back != text {
			t.Errorf("DOT: %q is %q", quoted, back)
		}
		quoted = escape(text, forMermaid)
		if strings.ContainsAny(quoted, "\"`%<>{}|[]\\&") {
			t.Errorf("Mermaid: %q", quoted)
		}
		back := regexp.MustCompile("#[0-9]+;").ReplaceAllStringFunc(quoted, func(s string) string {
			n, err := strconv.Atoi(s[1 : len(s)-1])
			if err != nil {
				t.Error(err)
			}
			return string(rune(n))
		})
		if back != text {
			t.Errorf("Mermaid: %q is %q", quoted, back)
		}
		if x, y := natural(text), natural(clean(b)); (x == y) != (text == clean(b)) {
			t.Errorf("%q and %q are both %q", a, b, x)
		}
		for _, most := range []int{5, 12} {
			if w := width(shortened(text, most)); w > most {
				t.Errorf("%q in %d takes %d", text, most, w)
			}
		}
	})
}

// TestOnly draws some of the namespaces.
func TestOnly(t *testing.T) {
	for names, want := range map[string]string{
		"b3":      "host,a1,b3",
		"gw a1":   "host,a1,b3,gw",
		"lonely":  "lonely",
		"host":    "host,a1,a2,a3,b1,b2,b3,gw,host1",
		"nope":    "missing nope",
		"a1 nope": "missing nope",
	} {
		i := slices.IndexFunc(labs, func(l struct {
			name string
			make func() *lab
		}) bool {
			return l.name == "crossed"
		})
		p := labs[i].make().picture()
		missing := p.only(strings.Fields(names))
		var got []string
		for _, s := range p.spaces {
			got = append(got, s.name)
		}
		if missing != nil {
			got = append([]string{"missing"}, missing...)
		}
		if text := strings.Join(got, ","); text != want && strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %s", names, text, want)
		}
		if missing == nil {
			checkAll(t, names, p)
			if got := drawText(p, style{width: 80}); names == "b3" && !strings.Contains(got, "ve-a2 ── elsewhere") {
				t.Errorf("%s: the ends of those that are left out:\n%s", names, got)
			}
		}
	}
}

func TestSortBy(t *testing.T) {
	want := strings.Fields("- 0 7 07 10 a a1 a1b a2 a02 a10 a10b2 a10b10 a- b")
	got := slices.Clone(want)
	slices.Reverse(got)
	sortBy(got, func(s string) string { return s })
	if i := slices.Index(want, "a-"); !slices.Equal(got, append(append(want[:6:6], "a-"), slices.Delete(want[6:], i-6, i-5)...)) {
		t.Errorf("%q", got)
	}
}

func TestShortened(t *testing.T) {
	for _, tt := range []struct {
		text string
		most int
		want string
	}{
		{"veth", 4, "veth"}, {"veth-red", 5, "ve…ed"}, {"veth-red", 6, "ve…red"}, {"日本語日本語", 9, "日本…本語"}, {"日本語", 6, "日本語"},
	} {
		if got := shortened(tt.text, tt.most); got != tt.want {
			t.Errorf("%s in %d: %s, want %s", tt.text, tt.most, got, tt.want)
		}
	}
}

// TestText has colors, narrow terminals and ASCII.
func TestText(t *testing.T) {
	l := labs[2].make()
	if labs[2].name != "tutorial" {
		t.Fatal(labs[2].name)
	}
	p := l.picture()
	got := drawText(p, style{width: 80, color: true})
	for _, want := range []string{
		"\x1b[36mhost\x1b[0m\n", "\x1b[36mv-net-0\x1b[0m bridge \x1b[35m192.168.15.5/24\x1b[0m", "\x1b[33mNAT\x1b[0m \x1b[33min:\x1b[0m tcp dport",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if plain := regexp.MustCompile("\x1b\\[[0-9]*m").ReplaceAllString(got, ""); plain != drawText(p, style{width: 80}) {
		t.Errorf("other text in color:\n%s", plain)
	}
	for line := range strings.SplitSeq(drawText(p, style{width: 40}), "\n") {
		if width(line) > 40 {
			t.Errorf("%d columns: %s", width(line), line)
		}
	}
	if got := drawText(p, style{width: 80, ascii: true}); !strings.Contains(got, "|  +- veth-blue-br -- blue:veth-blue 192.168.15.2/24\n") {
		t.Errorf("ASCII:\n%s", got)
	}
}
