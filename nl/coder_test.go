//go:build linux

package nl_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/minins/minins/nl"
)

func full() *thing {
	return &thing{
		M8: 1, M16: 2, M32: -3, M64: 4, MBE16: 5, Mac: [6]byte{1, 2, 3, 4, 5, 6},
		U8: 1, U16: 2, U32: 2, U64: 4, BE16: 5, BE32: 6, BE64: 7,
		Opt: nl.Some(uint32(0)), OptBE: nl.Some(uint32(9)), Flag: true,
		Name: "red", Data: []byte{0xaa}, HW: nl.HardwareAddrFrom([]byte{2, 0, 0, 0, 0, 1}),
		IP: netip.MustParseAddr("192.168.15.1"), Kind: "apple", Apple: apple{Sweet: 7},
		Size: nl.Some(size{3, 4}), List: []elem{{1}, {0}},
		Hops:    []hop{{1, netip.MustParseAddr("10.0.0.1")}, {2, netip.MustParseAddr("fd00::1")}},
		Unknown: attribute(6, 70, 1, 2, 0, 0),
	}
}

// attribute is the head of an attribute in the host's byte order, and what follows it.
func attribute(length, typ uint16, payload ...byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, length)
	return append(binary.NativeEndian.AppendUint16(b, typ), payload...)
}

func encode(t testing.TB, m nl.Message) []byte {
	t.Helper()
	b, err := new(nl.Coder).Append(nil, m)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	deep := &thing{Kind: "pear", Pear: &pear{Inner: &thing{Name: "inner", Kind: "pear", Pear: &pear{Inner: full()}}}}
	for name, want := range map[string]*thing{"empty": {}, "full": full(), "deep": deep} {
		t.Run(name, func(t *testing.T) {
			got := full() // what is decoded into holds something else before
			b := encode(t, want)
			if err := new(nl.Coder).Decode(b, got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			if again := encode(t, got); !bytes.Equal(again, b) {
				t.Errorf("encoded again: %x, want %x", again, b)
			}
		})
	}
}

// The bytes are written down by hand from linux/netlink.h, on a host of either
// byte order.
func TestBytes(t *testing.T) {
	host := func(n, size int) string {
		b := make([]byte, 8)
		if binary.NativeEndian.PutUint64(b, uint64(n)); nativeIsBig() {
			return hex.EncodeToString(b[8-size:])
		}
		return hex.EncodeToString(b[:size])
	}
	attr := func(length, typ int, payload string) string { return host(length, 2) + host(typ, 2) + payload }
	zero := strings.Repeat("00", 24)
	for name, tt := range map[string]struct {
		m    thing
		want string
	}{
		"nothing":       {thing{}, zero},
		"u8 padded":     {thing{U8: 1}, zero + attr(5, tU8, "01000000")},
		"host order":    {thing{U32: 0x01020304}, zero + attr(8, tU32, host(0x01020304, 4))},
		"network order": {thing{BE32: 0x01020304}, zero + attr(8, tBE32, "01020304")},
		"optional zero": {thing{Opt: nl.Some(uint32(0))}, zero + attr(8, tOpt, "00000000")},
		"string":        {thing{Name: "red"}, zero + attr(8, tName, "72656400")},
		"empty bytes":   {thing{Data: []byte{}}, zero + attr(4, tData, "")},
		"nest":          {thing{Kind: "x"}, zero + attr(12, tInfo|0x8000, attr(6, 1, "78000000"))},
		"struct":        {thing{Size: nl.Some(size{})}, zero + attr(12, tSize, strings.Repeat("00", 8))},
		"records": {thing{Hops: []hop{{Weight: 9}}}, zero +
			attr(8, tHops, host(4, 2)+"0900")},
	} {
		t.Run(name, func(t *testing.T) {
			if got := hex.EncodeToString(encode(t, &tt.m)); got != tt.want {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func nativeIsBig() bool { return binary.NativeEndian.Uint16([]byte{0, 1}) == 1 }

func TestDecodeRefuses(t *testing.T) {
	base := encode(t, &thing{})
	for name, tt := range map[string]struct {
		b    []byte
		want string
	}{
		"short header":     {base[:10], "truncated"},
		"short attribute":  {append(base[:24:24], 8, 0), "truncated"},
		"length below 4":   {append(base[:24:24], attribute(3, 1)...), "truncated"},
		"length too great": {append(base[:24:24], attribute(200, 1)...), "truncated"},
		"u32 of 2 bytes":   {append(base[:24:24], attribute(6, tU32, 1, 1, 0, 0)...), "T_U32: 2 bytes, want 4"},
		"ip of 5 bytes":    {append(base[:24:24], attribute(9, tIP, 1, 2, 3, 4, 5, 0, 0, 0)...), "T_IP: 5 bytes are no IP address"},
	} {
		t.Run(name, func(t *testing.T) {
			err := new(nl.Coder).Decode(tt.b, &thing{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestEncodeRefuses(t *testing.T) {
	var nested *thing
	for range 8 {
		nested = &thing{Kind: "pear", Pear: &pear{Inner: nested}, Name: "x"}
		if nested.Pear.Inner == nil {
			nested.Pear = nil
		}
	}
	for name, tt := range map[string]struct {
		m    nl.Message
		want string
	}{
		"long bytes":  {&thing{Data: make([]byte, 1<<16)}, "T_DATA: 65536 bytes"},
		"long string": {&thing{Name: strings.Repeat("x", 1<<16)}, "T_NAME"},
		"long nest":   {&thing{List: make([]elem, 1<<14)}, "a nested attribute of"},
		"too deep":    {nested, "nested more than"},
		"unclosed":    {unclosed{}, "without closing"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := new(nl.Coder).Append(nil, tt.m)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

type unclosed struct{}

func (unclosed) Fields(c *nl.Coder) { c.Nest(1, "OPEN") }

func TestStructOfAnotherKernel(t *testing.T) {
	b := encode(t, &thing{Size: nl.Some(size{3, 4})})
	var got thing
	short := bytes.Clone(b[:len(b)-4])
	copy(short[24:], encode(t, &thing{U32: 1})[24:26]) // nla_len 8
	if err := new(nl.Coder).Decode(short, &got); err != nil || got.Size.V != (size{3, 0}) {
		t.Errorf("a shorter struct: %+v, %v", got.Size, err)
	}
	long := append(bytes.Clone(b), 9, 9, 9, 9)
	copy(long[24:], encode(t, &thing{IP: netip.IPv6Loopback()})[24:26]) // nla_len 20
	long = append(long, 9, 9, 9, 9)
	if err := new(nl.Coder).Decode(long, &got); err != nil || got.Size.V != (size{3, 4}) {
		t.Errorf("a longer struct: %+v, %v", got.Size, err)
	}
}

// Of two attributes of a type, which the kernel does not send, the first counts,
// in whatever order they are asked for, and the other does not come back.
func TestFirstAttributeWins(t *testing.T) {
	for _, before := range []thing{{}, {U8: 1}, {HW: nl.HardwareAddrFrom([]byte{1, 2})}} {
		first, second := before, thing{Name: "blue", HW: nl.HardwareAddrFrom([]byte{3})}
		first.Name = "red"
		b := append(encode(t, &first), encode(t, &second)[24:]...)
		var got thing
		if err := new(nl.Coder).Decode(b, &got); err != nil || got.Name != "red" || got.Unknown != nil {
			t.Errorf("got %q and %x, %v; want red", got.Name, got.Unknown, err)
		}
	}
}

func TestEncodeAllocatesNothing(t *testing.T) {
	m, c := full(), new(nl.Coder)
	buf := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := c.Append(buf, m); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func TestHardwareAddr(t *testing.T) {
	for want, b := range map[string][]byte{"": nil, "02:00:ff:00:00:1a": {2, 0, 255, 0, 0, 0x1a}} {
		h := nl.HardwareAddrFrom(b)
		if h.String() != want || h.Len() != len(b) || !bytes.Equal(h.AppendTo(nil), b) {
			t.Errorf("%x: %q of %d bytes, want %q", b, h, h.Len(), want)
		}
	}
	if got := nl.HardwareAddrFrom(make([]byte, 40)).Len(); got != 32 {
		t.Errorf("40 bytes: kept %d, want 32", got)
	}
}

// FuzzCoder feeds bytes to everything that reads bytes.
func FuzzCoder(f *testing.F) {
	f.Add(encode(f, full()))
	f.Add(encode(f, &thing{Kind: "pear", Pear: &pear{Inner: full()}}))
	set := nl.Describe(&thing{})
	f.Fuzz(func(t *testing.T, b []byte) {
		var text bytes.Buffer
		nl.ExplainBody(&text, set, b)
		nl.Path(set, b, len(b)/2)
		(&nl.Protocol{Name: "X", Type: types}).Explain(&text, b)
		var first, second thing
		c := new(nl.Coder)
		if c.Decode(b, &first) != nil {
			return
		}
		again, err := c.Append(nil, &first)
		if err != nil {
			t.Fatalf("decoded, but does not encode: %v", err)
		}
		if err := c.Decode(again, &second); err != nil {
			t.Fatalf("encoded again, but does not decode: %v", err)
		}
		if third, err := c.Append(nil, &second); err != nil || !bytes.Equal(third, again) {
			t.Errorf("a third encoding differs: %v\n%x\n%x", err, again, third)
		}
	})
}

func types(typ uint16) (string, nl.Message) {
	if typ == 100 {
		return "T_NEW", &thing{}
	}
	if typ == 102 {
		return "T_GET", &thing{}
	}
	return "", nil
}

func ExampleCoder() {
	b, err := new(nl.Coder).Append(nil, &thing{Name: "red", IP: netip.MustParseAddr("10.0.0.1")})
	fmt.Printf("%d bytes, %v\n", len(b), err)
	var back thing
	err = new(nl.Coder).Decode(b, &back)
	fmt.Println(back.Name, back.IP, err)
	// Output:
	// 40 bytes, <nil>
	// red 10.0.0.1 <nil>
}
