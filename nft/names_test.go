//go:build linux

package nft_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// parsed parses the package's own files, without the tests.
func parsed(t *testing.T) (files []*ast.File, fset *token.FileSet) {
	t.Helper()
	fset = token.NewFileSet()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files, fset
}

// ownConstants maps constants of our own to the kernel's names, which their
// comments begin with, and to their values where those are written out.
func ownConstants(files []*ast.File) (names, values map[string]string) {
	names, values = make(map[string]string), make(map[string]string)
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.ValueSpec)
			if !ok || len(s.Values) != 1 {
				return true
			}
			word, _, _ := strings.Cut(strings.TrimSpace(s.Comment.Text()), " ")
			word = strings.TrimRight(word, ",:")
			if strings.HasPrefix(word, "NFT") && word == strings.ToUpper(word) {
				names[s.Names[0].Name] = word
				if lit, ok := s.Values[0].(*ast.BasicLit); ok {
					values[word] = lit.Value
				}
			}
			return true
		})
	}
	return names, values
}

func unquote(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

// TestNamesAreTheConstants checks that wherever a constant of the kernel
// stands beside a name, the name is the constant's.
func TestNamesAreTheConstants(t *testing.T) {
	files, fset := parsed(t)
	own, _ := ownConstants(files)
	checked := 0
	check := func(constant, name ast.Expr) {
		want := ""
		switch e := constant.(type) {
		case *ast.SelectorExpr:
			if x, ok := e.X.(*ast.Ident); ok && x.Name == "unix" {
				want = e.Sel.Name
			}
		case *ast.CallExpr: // uint32(TableDormant)
			if len(e.Args) != 1 {
				return
			}
			if id, ok := e.Args[0].(*ast.Ident); ok {
				want = own[id.Name]
			}
		case *ast.Ident:
			want = own[e.Name]
		}
		got, ok := unquote(name)
		if want == "" || !ok {
			return
		}
		checked++
		if got != want {
			t.Errorf("%s: %s is called %q", fset.Position(name.Pos()), want, got)
		}
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr: // f(c, CONSTANT, "CONSTANT", …)
				for i := range len(n.Args) - 1 {
					check(n.Args[i], n.Args[i+1])
				}
			case *ast.CaseClause: // case CONSTANT: return "CONSTANT", …
				if len(n.List) == 1 && len(n.Body) == 1 {
					if ret, ok := n.Body[0].(*ast.ReturnStmt); ok && len(ret.Results) > 0 {
						check(n.List[0], ret.Results[0])
					}
				}
			case *ast.KeyValueExpr: // CONSTANT: {"CONSTANT", …}
				if c, ok := n.Value.(*ast.CompositeLit); ok && len(c.Elts) > 0 {
					check(n.Key, c.Elts[0])
				}
			case *ast.CompositeLit: // {Bits: CONSTANT, Name: "CONSTANT"}
				if len(n.Elts) == 2 {
					k, ok := n.Elts[0].(*ast.KeyValueExpr)
					v, ok2 := n.Elts[1].(*ast.KeyValueExpr)
					if ok && ok2 {
						check(k.Value, v.Value)
					}
				}
			}
			return true
		})
	}
	if checked < 250 {
		t.Errorf("only %d names were checked", checked)
	}
}

const headerFile = "/usr/include/linux/netfilter/nf_tables.h"

// headerConstants reads the enums and plain numbers of the kernel's header.
func headerConstants(t *testing.T) map[string]int64 {
	t.Helper()
	text, err := os.ReadFile(headerFile)
	if err != nil {
		testns.Skip(t, "the kernel's headers are not installed: "+err.Error())
	}
	values := make(map[string]int64)
	next := int64(0)
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "/*")
		f := strings.Fields(strings.Replace(line, ",", " ", 1))
		switch {
		case len(f) == 0:
		case f[0] == "enum":
			next = 0
		case f[0] == "#define" && len(f) == 3:
			if n, err := strconv.ParseInt(f[2], 0, 64); err == nil {
				values[f[1]] = n
			}
		case strings.Contains(f[0], "NFT"):
			name, value, given := strings.Cut(strings.Join(f, ""), "=")
			if given {
				shift, isShift := strings.CutPrefix(strings.Trim(value, "()U"), "1<<")
				n, err := strconv.ParseInt(shift, 0, 64)
				if err != nil {
					continue // made of other names
				}
				if next = n; isShift {
					next = 1 << n
				}
			}
			values[name] = next
			next++
		}
	}
	if values["NFTA_RULE_CHAIN_ID"] != 11 || values["NFT_META_SDIFNAME"] != 34 || values["NFT_CHAIN_BINDING"] != 4 {
		t.Fatalf("%s was not read well: %v", headerFile, values)
	}
	return values
}

// TestValuesAreTheHeaders compares the constants of our own, and the places of
// names in enum's lists, with the kernel's header.
func TestValuesAreTheHeaders(t *testing.T) {
	header := headerConstants(t)
	files, fset := parsed(t)
	checked := 0
	_, own := ownConstants(files)
	for name, value := range own {
		want, ok := header[name]
		if got, err := strconv.ParseInt(value, 0, 64); ok {
			checked++
			if err != nil || got != want {
				t.Errorf("%s = %s, want %d", name, value, want)
			}
		}
	}
	lists := make(map[string]*ast.CompositeLit) // of package variables, by their names
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && len(v.Names) == 1 && len(v.Values) == 1 {
				if list, ok := v.Values[0].(*ast.CompositeLit); ok {
					lists[v.Names[0].Name] = list
				}
			}
			return true
		})
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return true
			}
			if id, ok := call.Fun.(*ast.Ident); !ok || id.Name != "enum" {
				return true
			}
			names, ok := call.Args[1].(*ast.SliceExpr) // names[:]
			if !ok {
				return true
			}
			id, ok := names.X.(*ast.Ident)
			if !ok || lists[id.Name] == nil {
				t.Errorf("%s: enum of something else than a package's list", fset.Position(call.Pos()))
				return true
			}
			list := lists[id.Name]
			for i, e := range list.Elts {
				name, _ := unquote(e)
				if want, ok := header[name]; ok {
					checked++
					if int64(i) != want {
						t.Errorf("%s: %s = %d, want %d", fset.Position(e.Pos()), name, i, want)
					}
				}
			}
			return true
		})
	}
	if checked < 120 {
		t.Errorf("only %d values were checked", checked)
	}
}
