//go:build linux

package rtnl

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestNamesAreTheConstants reads the source of this package and checks that
// wherever a constant stands beside a name, as in
//
//	nl.U32(c, unix.IFLA_MTU, "IFLA_MTU", &l.MTU)
//
// the name is the constant's. A constant of our own has the kernel's name in
// the comment beside it.
func TestNamesAreTheConstants(t *testing.T) {
	fset := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	own := make(map[string]string)
	for _, f := range files {
		ownConstants(f, own)
	}
	if own["rtaNHID"] != "RTA_NH_ID" {
		t.Fatalf("own constants were not found: %v", own)
	}
	checked := 0
	check := func(constant, name ast.Expr) {
		want := ""
		switch e := constant.(type) {
		case *ast.SelectorExpr:
			if x, ok := e.X.(*ast.Ident); ok && x.Name == "unix" {
				want = e.Sel.Name
			}
		case *ast.Ident:
			want = own[e.Name]
		}
		lit, ok := name.(*ast.BasicLit)
		if want == "" || !ok || lit.Kind != token.STRING {
			return
		}
		got, err := strconv.Unquote(lit.Value)
		if strings.Contains(got, " ") {
			return // a sentence about the constant
		}
		checked++
		if err != nil || got != want {
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
			case *ast.CaseClause: // case CONSTANT: return "CONSTANT"
				if ret, ok := n.Body[0].(*ast.ReturnStmt); ok && len(n.List) == 1 && len(n.Body) == 1 && len(ret.Results) == 1 {
					check(n.List[0], ret.Results[0])
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

// ownConstants collects constants with a comment that begins with a name in
// capitals.
func ownConstants(f *ast.File, own map[string]string) {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, spec := range g.Specs {
			s := spec.(*ast.ValueSpec)
			word, _, _ := strings.Cut(strings.TrimSpace(s.Comment.Text()), " ")
			if word = strings.TrimSuffix(word, ","); strings.Contains(word, "_") && word == strings.ToUpper(word) {
				own[s.Names[0].Name] = word
			}
		}
	}
}
