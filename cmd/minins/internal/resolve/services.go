//go:build linux

package resolve

import (
	"os"
	"slices"
	"strconv"
	"strings"
)

// A Known is a line of /etc/services.
type Known struct {
	Name, Proto string
	Port        uint16
	Aliases     []string
}

// Services reads /etc/services, or takes the few everyone knows where
// there is no such file.
func Services() []Known {
	text, err := os.ReadFile("/etc/services")
	if err != nil {
		return WellKnown
	}
	var list []Known
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		number, proto, _ := strings.Cut(words[1], "/")
		if port, err := strconv.ParseUint(number, 10, 16); err == nil {
			list = append(list, Known{words[0], proto, uint16(port), words[2:]})
		}
	}
	return list
}

// WellKnown are the services that everyone knows.
var WellKnown = []Known{
	{"ftp", "tcp", 21, nil}, {"ssh", "tcp", 22, nil}, {"telnet", "tcp", 23, nil}, {"smtp", "tcp", 25, []string{"mail"}},
	{"domain", "tcp", 53, nil}, {"domain", "udp", 53, nil}, {"bootps", "udp", 67, nil}, {"bootpc", "udp", 68, nil},
	{"tftp", "udp", 69, nil}, {"http", "tcp", 80, []string{"www"}}, {"pop3", "tcp", 110, nil}, {"ntp", "udp", 123, nil},
	{"imap2", "tcp", 143, []string{"imap"}}, {"snmp", "udp", 161, nil}, {"ldap", "tcp", 389, nil}, {"https", "tcp", 443, nil},
	{"syslog", "udp", 514, nil}, {"imaps", "tcp", 993, nil}, {"pop3s", "tcp", 995, nil}, {"openvpn", "udp", 1194, nil},
	{"mysql", "tcp", 3306, nil}, {"postgresql", "tcp", 5432, []string{"postgres"}}, {"http-alt", "tcp", 8080, []string{"webcache"}},
}

// Service is the port of a service by its name; proto "" is any protocol.
func Service(name, proto string) (port uint16, ok bool) {
	for _, v := range Services() {
		if (proto == "" || v.Proto == proto) && (v.Name == name || slices.Contains(v.Aliases, name)) {
			return v.Port, true
		}
	}
	return 0, false
}
