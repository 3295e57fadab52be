//go:build linux && (amd64 || arm64)

package matrix

import (
	"strings"
	"testing"

	"github.com/minins/minins/internal/tutorial"
)

// back are the ways back from what the tutorial's commands do: "" is for all that are
// not here, which only show something.
var back = map[string][]string{
	"ip netns add red":  {"ip netns del red"},
	"ip netns add blue": {"ip netns del blue"},
	"ip link add veth-red type veth peer name veth-blue": {"ip link del veth-red"},
	// /proc/self is that of ip, which is in the host's namespace.
	"ip link set veth-red netns red":                                  {"ip -n red link set veth-red netns /proc/self/ns/net"},
	"ip link set veth-blue netns blue":                                {"ip -n blue link set veth-blue netns /proc/self/ns/net"},
	"ip -n red addr add 192.168.15.1/24 dev veth-red":                 {"ip -n red addr del 192.168.15.1/24 dev veth-red"},
	"ip -n blue addr add 192.168.15.2/24 dev veth-blue":               {"ip -n blue addr del 192.168.15.2/24 dev veth-blue"},
	"ip -n red link set veth-red up":                                  {"ip -n red link set veth-red down"},
	"ip -n blue link set veth-blue up":                                {"ip -n blue link set veth-blue down"},
	"ip link add v-net-0 type bridge":                                 {"ip link del v-net-0"},
	"ip link set dev v-net-0 up":                                      {"ip link set dev v-net-0 down"},
	"ip link add veth-red type veth peer name veth-red-br":            {"ip link del veth-red"},
	"ip link add veth-blue type veth peer name veth-blue-br":          {"ip link del veth-blue"},
	"ip link set veth-red-br master v-net-0":                          {"ip link set veth-red-br nomaster"},
	"ip link set veth-blue-br master v-net-0":                         {"ip link set veth-blue-br nomaster"},
	"ip addr add 192.168.15.5/24 dev v-net-0":                         {"ip addr del 192.168.15.5/24 dev v-net-0"},
	"ip link set dev veth-red-br up":                                  {"ip link set dev veth-red-br down"},
	"ip link set dev veth-blue-br up":                                 {"ip link set dev veth-blue-br down"},
	"ip netns exec blue ip route add 192.168.1.0/24 via 192.168.15.5": {"ip -n blue route del 192.168.1.0/24"},
	"ip netns exec blue ip route add default via 192.168.15.5":        {"ip -n blue route del default"},
	"iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -j MASQUERADE": {"nft delete table ip nat"},
	"iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 192.168.15.2:80": {
		"iptables -t nat -F PREROUTING", "nft delete chain ip nat PREROUTING"},
	"ip -n red link del veth-red": {
		"ip link add veth-red netns red type veth peer name veth-blue netns blue",
		"ip -n red addr add 192.168.15.1/24 dev veth-red", "ip -n blue addr add 192.168.15.2/24 dev veth-blue",
		"ip -n red link set veth-red up", "ip -n blue link set veth-blue up"},
}

// tutorialOperations are the commands of the tutorial, each at its place. What only
// shows something is there once. ping is not: it leaves nothing, and waits for
// seconds when an answer is lost; nor is what shows processes.
func tutorialOperations(t *testing.T) (all []operation) {
	t.Helper()
	sections, err := tutorial.Script(false)
	if err != nil {
		t.Fatal(err)
	}
	var done []string // what changes something
	shown := map[string]bool{}
	for _, section := range sections {
		for _, step := range section.Steps {
			line := strings.Join(step.Args, " ")
			undo, changes := back[line]
			if step.Exit != 0 {
				undo, changes = nil, false
			}
			if step.Kind == tutorial.Action || strings.Contains(line, "ping ") || strings.Contains(line, "ps aux") || !changes && shown[line] {
				continue
			}
			shown[line] = true
			all = append(all, operation{
				name: "tutorial: " + step.Text, setup: done, what: program{line: line}, undo: undo, clean: []string{"nft flush ruleset", "helper clear"},
				status: step.Exit, loose: "what is shown is a matter of its own",
			})
			if changes {
				done = append(done[:len(done):len(done)], line)
			}
		}
	}
	return all
}
