//go:build linux

package nettools

import "strings"

// An option is one row of a table of options.
type option struct {
	short byte
	long  string
	value bool
}

// A misuse is an option that there is not, or one without its value.
type misuse struct{ text string }

func (m *misuse) Error() string { return m.text }

// getopt calls f with each option of words and its value and returns the other
// words, as getopt_long(3) does: they may stand between the options, and long
// options may be cut short.
func getopt(name string, table []option, words []string, f func(short byte, value string) error) (rest []string, err error) {
	wrong := func(text string) error { return &misuse{name + ": " + text} }
	for i := 0; i < len(words); i++ {
		word := words[i]
		switch {
		case word == "--":
			return append(rest, words[i+1:]...), nil
		case strings.HasPrefix(word, "--"):
			long, value, given := strings.Cut(word[2:], "=")
			o, problem := findLong(table, long)
			if problem != "" {
				return nil, wrong(problem)
			}
			switch {
			case given && !o.value:
				return nil, wrong("option '--" + o.long + "' doesn't allow an argument")
			case o.value && !given:
				if i++; i == len(words) {
					return nil, wrong("option '--" + o.long + "' requires an argument")
				}
				value = words[i]
			}
			if err := f(o.short, value); err != nil {
				return nil, err
			}
		case len(word) > 1 && word[0] == '-':
			for j := 1; j < len(word); j++ {
				o, ok := findShort(table, word[j])
				if !ok {
					return nil, wrong("invalid option -- '" + word[j:j+1] + "'")
				}
				value := ""
				if o.value {
					if value = word[j+1:]; value == "" {
						if i++; i == len(words) {
							return nil, wrong("option requires an argument -- '" + word[j:j+1] + "'")
						}
						value = words[i]
					}
					j = len(word)
				}
				if err := f(o.short, value); err != nil {
					return nil, err
				}
			}
		default:
			rest = append(rest, word)
		}
	}
	return rest, nil
}

func findShort(table []option, short byte) (option, bool) {
	for _, o := range table {
		if o.short == short {
			return o, true
		}
	}
	return option{}, false
}

// findLong finds a long option, or what is wrong with the name.
func findLong(table []option, name string) (found option, problem string) {
	n := 0
	for _, o := range table {
		switch {
		case o.long == "" || !strings.HasPrefix(o.long, name):
		case o.long == name:
			return o, ""
		default:
			found = o
			n++
		}
	}
	switch n {
	case 0:
		return found, "unrecognized option '--" + name + "'"
	case 1:
		return found, ""
	}
	problem = "option '--" + name + "' is ambiguous; possibilities:"
	for _, o := range table {
		if o.long != "" && strings.HasPrefix(o.long, name) {
			problem += " '--" + o.long + "'"
		}
	}
	return found, problem
}
