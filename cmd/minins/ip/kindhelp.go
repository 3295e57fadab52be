//go:build linux

package ip

// linkHelp is "ip link help [KIND]": on standard output if there is a kind
// that has help of its own.
func (s *session) linkHelp(w *words) error {
	if w.next() {
		for _, f := range forms {
			if f.object == w.cur && f.command == "" {
				s.c.Stdout.WriteString(usageText(w.cur))
				return nil
			}
		}
	}
	return usage("link")
}
