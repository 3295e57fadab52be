//go:build linux

package lang

import "github.com/minins/minins/nft"

// A SetDecl is a set or map as it is written.
type SetDecl struct {
	*nft.Set
	Key, Data []*Datatype // Data of a map of values
	Elems     []Elem

	keyExpr, dataExpr Expr // of typeof
	merge             bool // auto-merge
}

type setName struct {
	family      nft.Family
	table, name string
}

func (s *script) setCommand(c *Cmd) {
	if s.which(c) {
		s.end(c)
		return
	}
	if s.adds(c) {
		s.expect("{")
		s.setBlock(c)
	}
	s.end(c)
}

// types reads the types of a concatenation; of several nft notes that they have no
// expressions.
func (s *script) types() (all []*Datatype, none Expr) {
	for more := true; more; more = s.take(".") {
		at := s.peek()
		t := typeByName(s.word())
		if t == nil {
			s.failAt(at, "unknown datatype "+at.text)
		}
		all = append(all, t)
	}
	if len(all) > 1 {
		none = &Concat{}
	}
	return all, none
}

func keyBytesOf(types []*Datatype) (n uint32) {
	if len(types) == 1 {
		return typeBytes(types[0])
	}
	for _, t := range types {
		n += 4 * words(typeBytes(t))
	}
	return n
}

func (s *script) setBlock(c *Cmd) {
	d := &SetDecl{Set: &nft.Set{Family: c.Family, Table: c.Table, Name: c.Name}}
	c.Set = d
	d.Flags.Ok = true
	held := s.held
	var elements int // where they are, if their types come behind them
	for s.newlines(); !s.take("}"); s.newlines() {
		switch word := s.expect("type", "typeof", "flags", "timeout", "gc-interval", "size", "policy", "elements", "comment", "auto-merge", "counter", "limit", "quota", "last", "ct"); word {
		case "type":
			d.Key, d.keyExpr = s.types()
			if s.take(":") {
				s.dataTypes(d)
			}
		case "typeof":
			d.keyExpr = s.left()
			d.Key = keyTypes(d.keyExpr)
			if s.take(":") {
				d.Flags.V |= nft.SetMap
				if s.take("verdict") {
					d.DataType, d.dataExpr = nft.DataVerdict, &VerdictOf{}
				} else {
					d.dataExpr = s.left()
					d.Data = keyTypes(d.dataExpr)
				}
			}
		case "flags":
			for more := true; more; more = s.take(",") {
				flags := map[string]nft.SetFlags{"constant": nft.SetConstant, "interval": nft.SetInterval, "timeout": nft.SetTimeout, "dynamic": nft.SetEval}
				f, ok := flags[s.word()]
				if !ok {
					s.pos--
					s.failAt(s.peek(), "unknown set flag")
				}
				d.Flags.V |= f
			}
		case "timeout":
			d.Timeout = s.duration()
			d.Flags.V |= nft.SetTimeout
		case "gc-interval":
			d.GCInterval = uint32(s.duration())
		case "size":
			d.Desc.Ok, d.Desc.V.Size = true, uint32(s.number())
		case "policy":
			if s.expect("performance", "memory") == "memory" {
				d.Policy = 1
			}
		case "comment":
			c.Comment = s.text()
		case "auto-merge":
			d.merge = true
		case "elements":
			s.expect("=")
			if d.Key != nil {
				c.Elems, elements = s.elemsOf(d), 0
				continue
			}
			elements, s.held = s.pos, true
			s.skipBraces()
		default:
			s.pos--
			k, ok := s.stmt().(*Kernel)
			if !ok {
				s.pos--
				s.unexpected()
			}
			d.Exprs = append(d.Exprs, k.Expr)
		}
	}
	s.finishSet(c, d)
	if elements > 0 {
		end := s.pos
		s.pos = elements
		c.Elems = s.elemsOf(d)
		s.pos = end
	}
	s.held = held
}

func (s *script) dataTypes(d *SetDecl) {
	objects := map[string]nft.ObjType{"counter": nft.ObjCounter, "quota": nft.ObjQuota, "limit": nft.ObjLimit}
	word := s.peek().text
	switch {
	case word == "verdict":
		s.next()
		d.Flags.V |= nft.SetMap
		d.DataType = nft.DataVerdict
	case objects[word] != 0:
		s.next()
		d.Flags.V |= nft.SetObject
		d.ObjType = objects[word]
	default:
		d.Flags.V |= nft.SetMap
		d.Data, d.dataExpr = s.types()
	}
}

func (s *script) finishSet(c *Cmd, d *SetDecl) {
	if d.Key == nil {
		s.failAt(s.peek(), "set definition does not specify key")
	}
	if (c.Obj == "map") != (d.Flags.V&(nft.SetMap|nft.SetObject) != 0) {
		s.failAt(s.peek(), "map definition does not specify mapping data type")
	}
	d.KeyType, d.KeyLen = typeID(d.Key), keyBytesOf(d.Key)
	if d.Data != nil {
		d.DataType, d.DataLen = typeID(d.Data), keyBytesOf(d.Data)
	}
	if d.Flags.V&nft.SetInterval != 0 && len(d.Key) > 1 {
		d.Flags.V |= nft.SetConcat
		d.Desc.Ok = true
		for _, t := range d.Key {
			d.Desc.V.Fields = append(d.Desc.V.Fields, nft.SetField{Len: typeBytes(t)})
		}
	}
	if len(d.Exprs) > 1 {
		d.Flags.V |= nft.SetExpr
	}
	if len(d.Exprs) == 1 {
		d.Expr, d.Exprs = d.Exprs[0], nil
	}
	d.Userdata = userdata(d.Set, d.Key, d.Data, d.keyExpr, d.dataExpr, d.merge, false)
	if c.Comment != "" {
		u, err := d.Userdata.Append(udSetComment, append([]byte(c.Comment), 0))
		if err != nil {
			s.failAt(s.peek(), "comment too long, 128 characters maximum allowed")
		}
		d.Userdata = u
	}
	s.declared.sets[setName{c.Family, c.Table, c.Name}] = d
}

func (s *script) skipBraces() {
	if s.is("$") {
		s.define()
	}
	s.expect("{")
	for depth := 1; depth > 0; {
		if s.peek().kind == endToken {
			s.unexpected()
		}
		switch t := s.next(); {
		case t.kind == stringToken:
		case t.text == "{":
			depth++
		case t.text == "}":
			depth--
		}
	}
}

func (s *script) elemsOf(d *SetDecl) []Elem {
	var size []uint32
	for _, t := range d.Key {
		size = append(size, typeBytes(t))
	}
	var value func() Expr
	switch {
	case d.Flags.V&nft.SetObject != 0:
		value = func() Expr { return &Value{Type: &dtString, Data: []byte(s.text())} }
	case d.DataType == nft.DataVerdict:
		value = func() Expr { return &VerdictOf{s.verdict(s.word())} }
	case d.Flags.V&nft.SetMap != 0:
		var n []uint32
		for _, t := range d.Data {
			n = append(n, typeBytes(t))
		}
		value = func() Expr { return s.concat(d.Data, n) }
	}
	if s.is("$") {
		s.define()
	}
	return s.elems(d.Key, size, value)
}

func (s *script) elementCommand(c *Cmd) {
	s.of(c, true)
	key, data, flags, ok := s.names.SetTypes(c.Family, c.Table, c.Name)
	if !ok {
		s.pos--
		s.failAt(s.peek(), "No such file or directory")
	}
	c.Set = &SetDecl{Set: &nft.Set{Family: c.Family, Table: c.Table, Name: c.Name}, Key: key, Data: data}
	if flags&nft.SetMap != 0 && data == nil {
		c.Set.DataType = nft.DataVerdict
	}
	if c.Op == "delete" { // without what the elements are mapped to
		flags &^= nft.SetMap | nft.SetObject
		c.Set.Data, c.Set.DataType = nil, 0
	}
	c.Set.Flags.V = flags
	c.ElemsAt = placeOf(s.ahead(1))
	c.Elems = s.elemsOf(c.Set)
	s.end(c)
}
