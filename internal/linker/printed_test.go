//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPrinted checks that nothing in minins prints what its linker leaves out:
// structs by their fields, and names of types, and errors that are wrapped by number.
func TestPrinted(t *testing.T) {
	var seen int
	for _, pkg := range load(t, "github.com/minins/minins/cmd/minins") {
		ast.Inspect(pkg.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			f, ok := pkg.info.Uses[sel.Sel].(*types.Func)
			if !ok || f.Pkg() == nil {
				return true
			}
			if f.Pkg().Path() == "strconv" && (f.Name() == "FormatFloat" || f.Name() == "AppendFloat") {
				digits := pkg.info.Types[call.Args[len(call.Args)-2]].Value
				if digits != nil && constant.Sign(digits) < 0 {
					t.Errorf("%s: as many digits as a number needs", pkg.fset.Position(call.Pos()))
				}
			}
			if f.Pkg().Path() != "fmt" {
				return true
			}
			seen++
			for _, arg := range call.Args {
				tv := pkg.info.Types[arg]
				if tv.Value != nil && tv.Value.Kind() == constant.String && strings.Contains(constant.StringVal(tv.Value), "%T") {
					t.Errorf("%s: prints the name of a type", pkg.fset.Position(arg.Pos()))
				}
				if tv.Value != nil && tv.Value.Kind() == constant.String && wrapsByNumber.MatchString(constant.StringVal(tv.Value)) {
					t.Errorf("%s: wraps errors by number", pkg.fset.Position(arg.Pos()))
				}
				if printsKind(tv.Type) {
					t.Errorf("%s: prints %s, for which the binary has no code", pkg.fset.Position(arg.Pos()), tv.Type)
				}
				if printsFields(tv.Type, 0) {
					t.Errorf("%s: prints the fields of %s", pkg.fset.Position(arg.Pos()), tv.Type)
				}
			}
			return true
		})
	}
	if seen < 50 {
		t.Errorf("only %d calls of fmt were seen", seen)
	}
}

// wrapsByNumber matches a verb of fmt.Errorf that may wrap errors in another order than
// that of its arguments (sleepers in ld/calls.go).
var wrapsByNumber = regexp.MustCompile(`%[^%a-zA-Z]*\[\d+\][^%a-zA-Z]*w`)

// printsKind says whether a value is a map, or a number with a point: to print them is code
// that the binary has once one is printed.
func printsKind(t types.Type) bool {
	if t == nil {
		return false
	}
	switch u := t.Underlying().(type) {
	case *types.Map:
		return true
	case *types.Basic:
		return u.Info()&(types.IsFloat|types.IsComplex) != 0
	}
	return false
}

// printsFields says whether fmt prints a value of a type by the fields of a struct.
func printsFields(t types.Type, depth int) bool {
	if t == nil || depth > 5 {
		return false
	}
	for _, name := range []string{"Error", "String", "Format", "Write"} { // Write: where to
		if obj, _, _ := types.LookupFieldOrMethod(t, depth == 0, nil, name); obj != nil {
			return false
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		return true
	case *types.Pointer:
		return depth == 0 && printsFields(u.Elem(), depth+1)
	case *types.Slice:
		return printsFields(u.Elem(), depth+1)
	case *types.Array:
		return printsFields(u.Elem(), depth+1)
	case *types.Map:
		return printsFields(u.Elem(), depth+1) || printsFields(u.Key(), depth+1)
	}
	return false
}

// A checked is a file of a package, with its types.
type checked struct {
	fset *token.FileSet
	file *ast.File
	info *types.Info
}

// load checks the types of a package and of all that it imports, but for the
// standard library and what is beside it.
func load(t *testing.T, path string) (all []checked) {
	t.Helper()
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,Standard", path)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	type listed struct {
		ImportPath, Dir, Export string
		GoFiles                 []string
		Standard                bool
	}
	exports := make(map[string]string)
	var packages []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if !p.Standard && !strings.HasPrefix(p.ImportPath, "golang.org/x/") {
			packages = append(packages, p)
		}
	}
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for _, p := range packages {
		var files []*ast.File
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		info := &types.Info{Uses: make(map[*ast.Ident]types.Object), Types: make(map[ast.Expr]types.TypeAndValue)}
		if _, err := (&types.Config{Importer: imports}).Check(p.ImportPath, fset, files, info); err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			all = append(all, checked{fset, f, info})
		}
	}
	return all
}
