//go:build linux

package iptables

import (
	"errors"
	"strconv"
	"strings"
	"unicode"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// line is a command line for the command's table.
func (cmd *command) line(rest string) string {
	text := "iptables "
	if cmd.family == nft.IPv6 {
		text = "ip6tables "
	}
	if cmd.table != "filter" {
		text += "-t " + cmd.table + " "
	}
	return text + rest
}

func (s *state) builtins() string {
	var names []string
	for _, p := range s.places {
		names = append(names, p.chain)
	}
	return strings.Join(names, ", ")
}

func (c *chain) tooBig(cmd *command) string {
	return "chain " + c.name + " has " + strconv.Itoa(len(c.rules)) + " rules, and " + strconv.Itoa(cmd.number) + " is none of their numbers: see " + cmd.line("-nvL "+c.name+" --line-numbers")
}

// noTarget says what may have been meant by a target that is not there.
func (cmd *command) noTarget(s *state) string {
	name := cmd.rule.jump.name
	if up := strings.ToUpper(name); up != "QUEUE" && isTarget(up) {
		return "targets are in capitals: -j " + up
	}
	return name + " is neither a target that minins knows nor a chain of table " + s.name + "; " + cmd.line("-N "+name) + " makes such a chain"
}

// noRule says why no rule was found.
func (cmd *command) noRule(s *state, c *chain) string {
	switch {
	case c == nil:
		return "table " + s.name + " has no chain " + cmd.chain
	case len(c.rules) == 0:
		return "chain " + c.name + " of table " + s.name + " has no rules"
	}
	return "none of the " + strconv.Itoa(len(c.rules)) + " rules in chain " + c.name + " of table " + s.name + " says the same, to the last option: see " + cmd.line("-S "+c.name)
}

// byTheKernel puts the kernel's refusal in iptables' words.
func byTheKernel(cmd *command, err error) error {
	var e *nl.Error
	if !errors.As(err, &e) {
		if errors.Is(err, unix.EPROTONOSUPPORT) {
			return fail(byKernel, "Could not fetch rule set generation id: Invalid argument").hinted(err.Error())
		}
		return err
	}
	if e.Errno == unix.EPERM || e.Errno == unix.EACCES {
		return fail(byKernel, "Could not fetch rule set generation id: Permission denied (you must be root)").
			hinted("changing or reading rules needs CAP_NET_ADMIN in the namespace's user namespace: " + err.Error())
	}
	h, body, _, ok := nl.Next(e.Request())
	_, m := nft.Protocol.Type(h.Type)
	if !ok || m == nil || new(nl.Coder).Decode(body, m) != nil {
		return err
	}
	f := fail(byKernel, " "+operation(h, m)+" failed ("+sentence(e.Errno.Error())+"): "+object(m))
	f.hint = err.Error()
	if why := misused(cmd, e); why != "" {
		f.hint = why
	}
	return f
}

// operation is iptables' name of a request.
func operation(h nl.Header, m nl.Message) string {
	switch m := m.(type) {
	case *nft.Table:
		return "TABLE_ADD"
	case *nft.Chain:
		switch {
		case h.Type&0xff == unix.NFT_MSG_DELCHAIN:
			return "CHAIN_DEL"
		case m.Handle != 0:
			return "CHAIN_RENAME"
		case !m.Hook.Ok:
			return "CHAIN_USER_ADD"
		case h.Flags&unix.NLM_F_CREATE != 0:
			return "CHAIN_ADD"
		}
		return "CHAIN_UPDATE"
	case *nft.Rule:
		switch {
		case h.Type&0xff == unix.NFT_MSG_DELRULE && m.Handle != 0:
			return "RULE_DELETE"
		case h.Type&0xff == unix.NFT_MSG_DELRULE:
			return "RULE_FLUSH"
		case h.Flags&unix.NLM_F_REPLACE != 0:
			return "RULE_REPLACE"
		case h.Flags&unix.NLM_F_APPEND != 0:
			return "RULE_APPEND"
		}
		return "RULE_INSERT"
	}
	return nft.Protocol.TypeName(h.Type)
}

func object(m nl.Message) string {
	switch m := m.(type) {
	case *nft.Table:
		return "table " + m.Name
	case *nft.Chain:
		return "chain " + m.Name
	case *nft.Rule:
		return "rule in chain " + m.Chain
	}
	return ""
}

// sentence begins with a capital, as strerror(3) does.
func sentence(s string) string {
	for i, c := range s {
		return string(unicode.ToUpper(c)) + s[i+len(string(c)):]
	}
	return s
}

// misused says what is wrong with a rule that the kernel takes nowhere.
func misused(cmd *command, e *nl.Error) string {
	j := cmd.rule.jump
	chains := map[string]string{
		"MASQUERADE": "POSTROUTING", "SNAT": "POSTROUTING or INPUT",
		"DNAT": "PREROUTING or OUTPUT", "REDIRECT": "PREROUTING or OUTPUT",
	}[j.name]
	switch {
	case !cmd.isRule():
		return ""
	case chains != "" && e.Errno == unix.EINVAL:
		return "-j " + j.name + " works in table nat, chain " + chains + ", and in chains that only these jump to; this is table " + cmd.table + ", chain " + cmd.chain
	case j.name == "REJECT" && e.Errno == unix.EINVAL:
		return "-j REJECT works in table filter; --reject-with tcp-reset needs -p tcp before it"
	case e.Errno == unix.EINVAL:
		for _, m := range cmd.rule.matches {
			if n := m.name(); n == "tcp" || n == "udp" || n == "icmp" || n == "icmp6" {
				return "-m " + n + " needs its protocol: add -p " + strings.Replace(n, "icmp6", "icmpv6", 1)
			}
		}
	case e.Errno == unix.EMLINK || e.Errno == unix.ELOOP:
		return "a packet that jumps from " + cmd.chain + " to " + j.name + " would go round for ever"
	case e.Errno == unix.EOPNOTSUPP && j.name != "":
		return j.name + " is a builtin chain, which only packets enter: no rule can jump to it"
	}
	return ""
}
