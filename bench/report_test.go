//go:build linux

package main

import (
	"encoding/xml"
	"io"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	var b strings.Builder
	sampleResult().report(&b)
	golden(t, "report.golden", b.String())
}

func TestReadme(t *testing.T) {
	text := "# Top\n\n" + markBegin + "\nold\n" + markEnd + "\nBottom\n"
	got, err := between(text, sampleResult().markdown())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "readme.golden", got)
	again, err := between(got, sampleResult().markdown())
	if err != nil || again != got {
		t.Errorf("a second time: %v\n%s", err, again)
	}
	for _, bad := range []string{"", markBegin, markEnd, markEnd + markBegin} {
		if _, err := between(bad, "x"); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestResultFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	want := sampleResult()
	if err := want.write(path); err != nil {
		t.Fatal(err)
	}
	got, err := readResult(path)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestVerdict(t *testing.T) {
	if err := (Result{Verdicts: []Verdict{{Kept: true}}}).verdict(); err != nil {
		t.Error(err)
	}
	if err := (Result{Verdicts: []Verdict{{Kept: false}}}).verdict(); err == nil {
		t.Error("a missed bar is no error")
	}
	if err := (Result{Failures: []Failure{{}}}).verdict(); err == nil {
		t.Error("a failure is no error")
	}
}

func TestFigures(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{duration(0), "0 ns"}, {duration(4.4), "4.40 ns"}, {duration(999.4), "999 ns"}, {duration(999.6), "1.00 µs"},
		{duration(12345), "12.3 µs"}, {duration(99.96e3), "100 µs"}, {duration(1.5e9), "1.50 s"}, {duration(20e9), "20.0 s"},
		{times(1), "1.00"}, {times(9.99), "9.99"}, {times(10.04), "10.0"}, {times(1234.5), "1234"},
		{plain(0), "0"}, {plain(0.0002), "0.0002"}, {plain(21), "21"}, {plain(1.5), "1.50"},
		{megabytes(5.2e6), "5.20 MB"}, {short(50), "50"}, {short(500000), "500k"}, {thousands(1), "1"}, {thousands(999), "999"}, {thousands(1000), "1,000"}, {thousands(1234567), "1,234,567"},
		{round(1e6), "1 ms"}, {round(10e3), "10 µs"}, {round(100), "100 ns"},
		{minutes(61.9), "took 1:01 min"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

// everything is a result with all that could be measured, all figures alike.
func everything() Result {
	r := sampleResult()
	r.Series = nil
	for _, w := range workloads() {
		for _, s := range w.sizes {
			for i, name := range w.entrants(s.n, false) {
				for _, phase := range []string{"add", "replace", "delete"} {
					r.Series = append(r.Series, Series{w.name, s.n, phase, name, []Sample{{Ops: 1, Wall: int64(1000 + i*9999), CPU: 1}}})
				}
			}
		}
	}
	return r
}

// Plots are XML, name every contestant, and keep all text inside.
func TestPlots(t *testing.T) {
	r := everything()
	for _, w := range workloads() {
		n := r.fullest(w.name)
		plots := map[string]string{"ratio": r.ratios(w, n)}
		if len(w.sizes) > 1 {
			plots["growth"] = r.growth(w)
		}
		for name, plot := range plots {
			texts := checkSVG(t, plot)
			for _, want := range append(w.entrants(n, false), "add", "replace", "delete", "Linux 6.18.0 x86_64, 2 × Some CPU, 24.0 GiB, 2026-11-22") {
				if !slices.Contains(texts, want) {
					t.Errorf("%s %s does not say %q: %q", w.name, name, want, texts)
				}
			}
		}
	}
}

func TestFullest(t *testing.T) {
	for workload, want := range map[string]int{"routes4": 100000, "veth": 1000, "container": 200, "start": 50} {
		if got := everything().fullest(workload); got != want {
			t.Errorf("%s: got %d, want %d", workload, got, want)
		}
	}
}

// checkSVG returns the texts of a picture. Letters are counted as 0.6 of
// their size, which is wide.
func checkSVG(t *testing.T, plot string) (texts []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(plot))
	var width float64
	attr := func(e xml.StartElement, name string) string {
		for _, a := range e.Attr {
			if a.Name.Local == name {
				return a.Value
			}
		}
		return ""
	}
	number := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Errorf("%q: %v", s, err)
		}
		return v
	}
	for {
		token, err := d.Token()
		if err == io.EOF {
			return texts
		}
		if err != nil {
			t.Fatal(err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "svg":
			width = number(attr(e, "width"))
		case "text":
			var text string
			if err := d.DecodeElement(&text, &e); err != nil {
				t.Fatal(err)
			}
			texts = append(texts, text)
			if attr(e, "transform") != "" {
				continue // upright
			}
			x, long := number(attr(e, "x")), 0.6*number(attr(e, "font-size"))*float64(len([]rune(text)))
			switch attr(e, "text-anchor") {
			case "middle":
				x -= long / 2
			case "end":
				x -= long
			}
			if x < 0 || x+long > width {
				t.Errorf("%q reaches from %.0f to %.0f, the picture to %.0f", text, x, x+long, width)
			}
		}
	}
}
