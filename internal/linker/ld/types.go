//go:build ignore

package ld

import (
	"cmd/internal/objabi"
	"cmd/internal/sys"
	"cmd/link/internal/loader"
	"cmd/link/internal/sym"
	"internal/abi"
)

// A typeTrim leaves out of type descriptors (internal/abi.Type) what only
// package reflect reads.
//
// The linker's pass for dead code follows every reference of a descriptor. One
// pointer to a struct in an interface, and the program has the descriptors of
// all its fields, of their fields, the methods of all of them, and all names.
// This works in two steps: while the pass runs, [typeTrim.skips] says which
// references are not followed; when it is done, [typeTrim.rewrite] writes the
// descriptors that are left without them.
//
// What goes, and who reads it otherwise:
//   - the names of types: %T, a failed type assertion;
//   - the fields of structs: %v of a struct, reflect.Value.Field, and unique.Make, which
//     then keeps the string that a string in a struct is a part of; not the collector,
//     which has masks. They stay where runtime.typehash reads them, of keys in
//     interfaces, and where errors.As does;
//   - the arguments and results of functions that are never put into an
//     interface (where SetFinalizer looks at them): reflect.Type.In and Out;
//   - from a type to its pointer type: reflect.PointerTo, which makes a new one;
//   - the methods that no interface of the program has;
//   - what says that a struct is one, where no value of it can be had from an interface
//     and nobody asks: it is then so many bytes with so many pointers;
//   - what compares two structs or arrays of a type that is never put into an
//     interface and is neither key nor element of a map: it is called by name.
type typeTrim struct {
	ldr  *loader.Loader
	arch *sys.Arch

	direct map[loader.Sym]bool // types of values in interfaces and in maps
	called map[methodAt]bool   // methods that may be called
	asked  map[namedFunc]bool  // methods of interfaces
}

// A methodAt is a method of a type, by the index of the first of its three
// relocations: its type, and two functions.
type methodAt struct {
	typ   loader.Sym
	reloc int
}

// A namedFunc is a method as an interface has it: a name and a type.
type namedFunc struct {
	name string
	typ  loader.Sym
}

func newTypeTrim(ctxt *Link) *typeTrim {
	return &typeTrim{
		ldr:    ctxt.loader,
		arch:   ctxt.Arch,
		direct: make(map[loader.Sym]bool),
		called: make(map[methodAt]bool),
		asked:  make(map[namedFunc]bool),
	}
}

// A typeLayout is where the parts of a descriptor begin, in bytes: those that
// writeType of cmd/compile/internal/reflectdata draws.
type typeLayout struct {
	kind     abi.Kind
	onDemand bool // its mask of pointers is made of its fields
	header   int  // what its kind has behind abi.Type
	uncommon int  // abi.UncommonType
	list     int  // fields, methods of an interface, or arguments and results
	methods  int  // abi.Method
}

const (
	imethodSize = 8  // abi.Imethod: name and type
	methodSize  = 16 // abi.Method: name, type, two functions
)

// Offsets in abi.Type.
func (t *typeTrim) kindOff() int      { return 2*t.arch.PtrSize + 7 }
func (t *typeTrim) equalOff() int     { return 2*t.arch.PtrSize + 8 }
func (t *typeTrim) strOff() int       { return 4*t.arch.PtrSize + 8 }
func (t *typeTrim) ptrToThisOff() int { return 4*t.arch.PtrSize + 12 }

func (t *typeTrim) layout(p []byte) typeLayout {
	word := t.arch.PtrSize
	l := typeLayout{
		kind:     decodetypeKind(t.arch, p),
		onDemand: decodetypeGCMaskOnDemand(t.arch, p),
		header:   commonsize(t.arch),
	}
	words, list := 0, 0
	switch l.kind {
	case abi.Struct:
		words, list = 4, int(decodeInuxi(t.arch, p[l.header+2*word:], word))*structfieldSize(t.arch)
	case abi.Interface:
		words, list = 4, int(decodetypeIfaceMethodCount(t.arch, p))*imethodSize
	case abi.Func:
		words, list = 1, (decodetypeFuncInCount(t.arch, p)+decodetypeFuncOutCount(t.arch, p))*word
	case abi.Pointer, abi.Slice:
		words = 1
	case abi.Chan:
		words = 2
	case abi.Array:
		words = 3
	case abi.Map:
		words = 8
	}
	l.uncommon = l.header + words*word
	l.list = l.uncommon
	if decodetypeHasUncommon(t.arch, p) {
		l.list += uncommonSize(t.arch)
	}
	l.methods = l.list + list
	return l
}

// listOff is the offset of the slice that is the list, of structs and interfaces.
func (t *typeTrim) listOff(l typeLayout) int { return l.header + t.arch.PtrSize }

// dropsList says whether a descriptor loses its list.
func (t *typeTrim) dropsList(typ loader.Sym, l typeLayout) bool {
	switch l.kind {
	case abi.Struct:
		return !l.onDemand && !t.hashed(typ) && !t.assignable(typ)
	case abi.Func:
		return !t.direct[typ]
	}
	return false
}

// assignable says whether errors.As may compare the fields of a struct with those of
// another: it has methods and no name.
func (t *typeTrim) assignable(typ loader.Sym) bool {
	p := t.ldr.Data(typ)
	return p[abi.TFlagOff(t.arch.PtrSize)]&byte(abi.TFlagNamed) == 0 && decodetypeHasUncommon(t.arch, p)
}

// hashed says whether runtime.typehash looks at the fields of a struct.
func (t *typeTrim) hashed(typ loader.Sym) bool {
	if !t.direct[typ] || t.target(typ, t.equalOff()) == 0 {
		return false
	}
	return t.ldr.Data(typ)[abi.TFlagOff(t.arch.PtrSize)]&byte(abi.TFlagRegularMemory) == 0
}

// skips says whether the reference at off in a descriptor is not followed. Those
// to the types and functions of methods have relocations of their own.
func (t *typeTrim) skips(typ loader.Sym, off int) bool {
	l := t.layout(t.ldr.Data(typ))
	switch {
	case off == t.equalOff():
		return (l.kind == abi.Struct || l.kind == abi.Array) && !t.direct[typ]
	case off == t.strOff(), off == t.ptrToThisOff():
		return true
	case off < l.header:
		return false
	case off < l.uncommon:
		return l.kind == abi.Struct && off == l.header // the package of its fields
	case off < l.list:
		return false // the package, which tells unexported methods from their namesakes
	case off < l.methods:
		return t.dropsList(typ, l)
	}
	return true // the name of a method
}

// comparedWith is the types whose values are compared, or hashed, with those of typ:
// of keys and elements of a map (by the runtime and internal/sync), of elements of an
// array and of fields (by runtime.typehash).
func (t *typeTrim) comparedWith(typ loader.Sym) []loader.Sym {
	l := t.layout(t.ldr.Data(typ))
	var all []loader.Sym
	switch {
	case l.kind == abi.Map:
		all = append(all, decodetypeMapKey(t.ldr, t.arch, typ), decodetypeMapValue(t.ldr, t.arch, typ))
	case l.kind == abi.Array && t.direct[typ]:
		all = append(all, t.target(typ, l.header))
	case l.kind == abi.Struct && t.hashed(typ):
		for off := l.list; off < l.methods; off += structfieldSize(t.arch) {
			all = append(all, t.target(typ, off+t.arch.PtrSize))
		}
	}
	return all
}

// call notes that a method may be called, and returns its name, which is to be
// marked with it.
func (t *typeTrim) call(m methodref) loader.Sym {
	t.called[methodAt{m.src, m.r}] = true
	relocs := t.ldr.Relocs(m.src)
	return t.target(m.src, int(relocs.At(m.r).Off())-4)
}

// target is what a descriptor refers to at off, or 0.
func (t *typeTrim) target(typ loader.Sym, off int) loader.Sym {
	relocs := t.ldr.Relocs(typ)
	for i := range relocs.Count() {
		if r := relocs.At(i); int(r.Off()) == off {
			return r.Sym()
		}
	}
	return 0
}

// method is the method at off in the list of an interface, or of a type.
func (t *typeTrim) method(typ loader.Sym, off int) namedFunc {
	relocs := t.ldr.Relocs(typ)
	return namedFunc{decodetypeName(t.ldr, typ, &relocs, off), t.target(typ, off+4)}
}

// direct notes that values of a type are put into an interface or a map. If the
// pass has been there before it comes again.
func (d *deadcodePass) direct(typ, parent loader.Sym) {
	if d.trim.direct[typ] {
		return
	}
	d.trim.direct[typ] = true
	if d.ldr.AttrReachable(typ) {
		d.ldr.SetAttrReachable(typ, false)
		d.mark(typ, parent)
	}
}

// rewrite writes all descriptors that are left.
func (t *typeTrim) rewrite() {
	// The smallest one comes first, and an offset of 0 is no name to the runtime.
	t.addName("type:.namedata.", 0)
	name := t.addName("type:.namedata.*?-", 0, 2, '*', '?')

	var types []loader.Sym
	for s, n := loader.Sym(1), loader.Sym(t.ldr.NSym()); s < n; s++ {
		if !t.ldr.AttrReachable(s) || !t.ldr.IsGoType(s) {
			continue
		}
		types = append(types, s)
		// Whether a type has a method is asked by all interfaces, also where nobody calls it.
		if l := t.layout(t.ldr.Data(s)); l.kind == abi.Interface {
			for off := l.list; off < l.methods; off += imethodSize {
				t.asked[t.method(s, off)] = true
			}
		}
	}
	for _, typ := range types {
		t.rewriteType(typ, name)
	}
}

// keepName keeps the name of a method, and the package that it is of.
func (t *typeTrim) keepName(s loader.Sym) {
	t.ldr.SetAttrReachable(s, true)
	relocs := t.ldr.Relocs(s)
	for i := range relocs.Count() {
		t.ldr.SetAttrReachable(relocs.At(i).Sym(), true)
	}
}

// addName makes an abi.Name.
func (t *typeTrim) addName(symbol string, data ...byte) loader.Sym {
	s := t.ldr.CreateSymForUpdate(symbol, 0)
	s.SetType(sym.SRODATA)
	s.SetData(data)
	s.SetSize(int64(len(data)))
	s.SetLocal(true)
	s.SetReachable(true)
	return s.Sym()
}

// A typeReloc is a relocation of the new descriptor.
type typeReloc struct {
	typ objabi.RelocType
	off int
	siz uint8
	sym loader.Sym
	add int64
}

func (t *typeTrim) rewriteType(typ, name loader.Sym) {
	old := make([]byte, t.ldr.SymSize(typ)) // its data may lack the zeros at its end
	copy(old, t.ldr.Data(typ))
	l := t.layout(old)
	relocs := t.ldr.Relocs(typ)

	var methods []int // by offset
	for i := 0; i < relocs.Count(); i++ {
		if relocs.At(i).Type() != objabi.R_METHODOFF {
			continue
		}
		if off := int(relocs.At(i).Off()) - 4; t.called[methodAt{typ, i}] || t.asked[t.method(typ, off)] {
			methods = append(methods, off)
			t.keepName(t.target(typ, off))
		}
		i += 2
	}

	// The parts that stay, from where they were.
	p := append([]byte(nil), old[:l.uncommon]...)
	list := l.uncommon
	if len(methods) > 0 {
		p = append(p, old[l.uncommon:l.list]...)
		list = l.list
	} else {
		p[abi.TFlagOff(t.arch.PtrSize)] &^= byte(abi.TFlagUncommon)
	}
	switch drops := t.dropsList(typ, l); {
	case !drops:
		p = append(p, old[l.list:l.methods]...)
	case l.kind == abi.Struct && len(methods) == 0 && !t.ldr.AttrUsedInIface(typ):
		p = p[:l.header]
		p[t.kindOff()] = byte(abi.UnsafePointer) // where a failed assertion asks for its package
	case l.kind == abi.Struct:
		clear(p[t.listOff(l):l.uncommon])
	case l.kind == abi.Func:
		clear(p[l.header:l.uncommon]) // InCount, OutCount
	}

	var kept []typeReloc
	keep := func(r loader.Reloc, off int) {
		kept = append(kept, typeReloc{r.Type(), off, r.Siz(), r.Sym(), r.Add()})
	}
	for i := range relocs.Count() {
		r := relocs.At(i)
		off := int(r.Off())
		switch {
		case off >= l.methods:
			// below
		case off == t.strOff():
			kept = append(kept, typeReloc{r.Type(), off, r.Siz(), name, 0})
		case off == t.listOff(l) && (l.kind == abi.Struct || l.kind == abi.Interface):
			if !t.dropsList(typ, l) {
				kept = append(kept, typeReloc{r.Type(), off, r.Siz(), typ, int64(list)})
			}
		case !t.ldr.AttrReachable(r.Sym()):
		case off == t.ptrToThisOff(): // somebody else needs it
			keep(r, off)
		case off >= l.uncommon && off < l.list:
			if len(methods) > 0 {
				keep(r, off)
			}
		case t.skips(typ, off):
		case off < l.uncommon:
			keep(r, off)
		default:
			keep(r, off-l.list+list)
		}
	}

	if len(methods) > 0 {
		exported := int(decodeInuxi(t.arch, old[l.uncommon+6:], 2)) // they come first
		xcount := 0
		moff := len(p) - l.uncommon
		for _, from := range methods {
			if (from-l.methods)/methodSize < exported {
				xcount++
			}
			for i := range relocs.Count() {
				if off := int(relocs.At(i).Off()); off >= from && off < from+methodSize {
					keep(relocs.At(i), off-from+len(p))
				}
			}
			p = append(p, old[from:from+methodSize]...)
		}
		uncommon := p[l.uncommon:] // PkgPath int32, Mcount, Xcount uint16, Moff uint32
		t.arch.ByteOrder.PutUint16(uncommon[4:], uint16(len(methods)))
		t.arch.ByteOrder.PutUint16(uncommon[6:], uint16(xcount))
		t.arch.ByteOrder.PutUint32(uncommon[8:], uint32(moff))
	}

	s := t.ldr.MakeSymbolUpdater(typ)
	s.SetData(p)
	s.SetSize(int64(len(p)))
	s.ResetRelocs()
	all := s.AddRelocs(len(kept))
	for i, k := range kept {
		r := all.At(i)
		r.SetType(k.typ)
		r.SetOff(int32(k.off))
		r.SetSiz(k.siz)
		r.SetSym(k.sym)
		r.SetAdd(k.add)
	}
	s.SortRelocs()
}
