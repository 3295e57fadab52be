//go:build linux

package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// theirWords are what tshark calls types and attributes where that is not their name
// without its prefix.
var theirWords = map[string]string{
	"RTM_NEWADDR": "Add IP address", "RTM_DELADDR": "Delete IP address", "RTM_GETADDR": "Get IP address",
	"RTM_NEWNEIGH": "Add neighbor table entry", "RTM_GETNEIGH": "Get neighbor table entry",
	"RTM_NEWROUTE": "Add network route", "RTM_GETROUTE": "Get network route", "RTM_NEWRULE": "Add routing rule", "RTM_GETRULE": "Get routing rule",
	"RTM_NEWLINK": "Create network interface", "RTM_DELLINK": "Remove network interface",
	"RTM_GETLINK": "Get network interface info", "RTM_SETLINK": "Set network interface info",
	"RTM_NEWNSID": "New network namespace ID", "RTM_GETNSID": "Get network namespace ID",
	"RTM_NEWNEXTHOP": "New next hop", "RTM_GETNEXTHOP": "Get next hop", "NLMSG_DONE": "End of a dump",

	"IFLA_ADDRESS": "HW Address", "IFLA_ALLMULTI": "Allmulti count", "IFLA_CARRIER_DOWN_COUNT": "Carrier down count", "IFLA_CARRIER_UP_COUNT": "Carrier up count",
	"IFLA_GRO_MAX_SIZE": "GRO maximum size", "IFLA_GSO_MAX_SEGS": "Maximum GSO segment count", "IFLA_GSO_MAX_SIZE": "Maximum GSO size",
	"IFLA_IFNAME": "Device name", "IFLA_LINK": "Link type", "IFLA_MAX_MTU": "Maximum MTU", "IFLA_MIN_MTU": "Minimum MTU",
	"IFLA_NUM_RX_QUEUES": "Number of Rx queues", "IFLA_NUM_TX_QUEUES": "Number of Tx queues", "IFLA_PARENT_DEV_BUS_NAME": "Parent device bus name",
	"IFLA_PARENT_DEV_NAME": "Parent device name", "IFLA_PERM_ADDRESS": "Permanent address", "IFLA_QDISC": "Queueing discipline",
	"IFLA_STATS": "Interface Statistics", "IFLA_STATS64": "Stats", "IFLA_TSO_MAX_SEGS": "TSO maximum number of segments", "IFLA_TSO_MAX_SIZE": "TSO maximum size",
	"IFLA_TARGET_NETNSID": "IFLA_IF_NETNSID", "IFLA_TXQLEN": "TxQueue length",
	"IFA_ADDRESS": "Interface address", "IFA_BROADCAST": "Broadcast address", "IFA_CACHEINFO": "Address information", "IFA_FLAGS": "Address flags",
	"IFA_LABEL": "Name of interface", "IFA_LOCAL": "Local address",
	"RTA_DST": "Route destination address", "RTA_GATEWAY": "Gateway of the route", "RTA_OIF": "Output interface index",
}

// sameName says that tshark's words stand for a name of the kernel's headers.
func sameName(words, name string) bool {
	if want, ok := theirWords[name]; ok {
		return words == want
	}
	_, short, _ := strings.Cut(name, "_")
	return words == name || strings.EqualFold(strings.ReplaceAll(words, " ", ""), strings.ReplaceAll(short, "_", ""))
}

// A named is what we call what is at a place of a packet.
type named struct{ name, value string }

// ours are our names in all packets: of messages, at the place of their types, and of all
// that is in them. The length of the packets tells which messages are in one.
func ours(t *testing.T, lines string, lengths []int) (all []map[int]named, messages int) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(lines))
	for _, length := range lengths {
		at := map[int]named{}
		const cooked = 16 // the header of LINKTYPE_NETLINK
		for pos := cooked; pos < length; {
			var m map[string]any
			if err := d.Decode(&m); err != nil {
				t.Fatal(err)
			}
			messages++
			at[pos+4] = named{"nlmsg_type", m["type"].(string)}
			var walk func(items any)
			walk = func(items any) {
				for _, i := range items.([]any) {
					i := i.(map[string]any)
					value, _ := i["value"].(string)
					at[pos+int(i["offset"].(float64))] = named{i["name"].(string), value}
					walk(i["items"])
				}
			}
			walk(m["items"])
			pos += (int(m["bytes"].(float64)) + 3) &^ 3
		}
		all = append(all, at)
	}
	if d.More() {
		t.Error("we have more messages than fit the packets of tshark")
	}
	return all, messages
}

// A dissected is a field of tshark's that has a type: of a message or of an attribute.
type dissected struct {
	packet, pos int
	name, shown string
}

// fields reads what "tshark -T pdml" wrote, and the lengths of packets.
func fields(t *testing.T, pdml string) (all []dissected, lengths []int) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(pdml))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all, lengths
		}
		if err != nil {
			t.Fatal(err)
		}
		e, ok := token.(xml.StartElement)
		if !ok || e.Name.Local != "field" {
			continue
		}
		a := map[string]string{}
		for _, attr := range e.Attr {
			a[attr.Name.Local] = attr.Value
		}
		switch a["name"] {
		case "frame.len":
			n, err := strconv.Atoi(a["show"])
			if err != nil {
				t.Fatal(err)
			}
			lengths = append(lengths, n)
		case "netlink.hdr_type", "netlink-route.nltype", "netlink.attr_type", "netlink-netfilter.subsys":
			pos, err := strconv.Atoi(a["pos"])
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, dissected{len(lengths) - 1, pos, a["name"], a["showname"]})
		}
	}
}

// TestTsharkNames has tshark name the messages and attributes of a file of ours: all that
// the commands of traced say and hear.
func TestTsharkNames(t *testing.T) {
	testns.Tool(t, "tshark")
	file := t.TempDir() + "/netlink.pcapng"
	t.Setenv("MININS_PCAP", file)
	play(t, func(string, string, int) {})
	t.Setenv("MININS_PCAP", "")
	decoded, stderr, code := minins(t, "minins", "decode", "--json", file)
	if code != 0 || stderr != "" {
		t.Fatalf("decode: %d %s", code, stderr)
	}
	theirs, lengths := fields(t, testns.Run(t, "tshark", "-r", file, "-T", "pdml").Must(t))
	all, messages := ours(t, decoded, lengths)
	typeWords := regexp.MustCompile(`^Message type: (.*) \(\w+\)$`)
	attrWords := regexp.MustCompile(`^Type: 0x\w+(?:, Nested)?(?:, Network byte order)?(?:, (.*) \(\w+\))?$`)
	const own = "Protocol-specific" // of netfilter, tshark knows no more than the subsystem
	types, attrs, lacks, seen := 0, 0, map[string]int{}, map[[2]int]bool{}
	for _, f := range theirs {
		us, ok := all[f.packet][f.pos], false
		words := ""
		switch f.name {
		case "netlink-netfilter.subsys":
			prefix := "NFT_MSG_"
			switch {
			case strings.Contains(f.shown, "Subsystem: None"):
				prefix = "NFNL_MSG_BATCH_"
			case strings.Contains(f.shown, "compatibility layer"):
				prefix = "NFNL_MSG_COMPAT_"
			}
			if !strings.HasPrefix(us.value, prefix) {
				t.Errorf("packet %d at %d: tshark has %q, we %s", f.packet+1, f.pos, f.shown, us.value)
			}
			continue
		case "netlink.attr_type":
			us = all[f.packet][f.pos-2] // behind nla_len
			if m := attrWords.FindStringSubmatch(f.shown); m != nil {
				words, ok = m[1], us.name != ""
			}
			attrs++
		default:
			seen[[2]int{f.packet, f.pos}] = true
			if m := typeWords.FindStringSubmatch(f.shown); m != nil && us.name == "nlmsg_type" {
				words, ok = m[1], true
			}
			us.name = us.value
			types++
		}
		switch {
		case !ok:
			t.Errorf("packet %d at %d: tshark has %q, we %s", f.packet+1, f.pos, f.shown, us.name)
		case words == "" || words == own || strings.HasPrefix(words, "Unknown"):
			lacks[us.name]++
		case !sameName(words, us.name):
			t.Errorf("packet %d at %d: tshark calls it %q, we %s", f.packet+1, f.pos, words, us.name)
		}
	}
	for i, at := range all {
		for pos, us := range at {
			if us.name == "nlmsg_type" && !seen[[2]int{i, pos}] {
				t.Errorf("packet %d at %d: tshark does not see %s", i+1, pos, us.value)
			}
		}
	}
	names, unnamed := []string{}, 0
	for name, n := range lacks {
		names = append(names, name+" "+strconv.Itoa(n))
		unnamed += n
	}
	sort.Strings(names)
	t.Logf("%d messages of ours; of tshark %d types and %d attributes, %d of them without a name there: %s", messages, types, attrs, unnamed, strings.Join(names, ", "))
	if messages < 500 || types < messages || attrs-unnamed < 2000 {
		t.Errorf("%d messages, %d types, %d attributes", messages, types, attrs)
	}
}
