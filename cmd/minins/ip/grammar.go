//go:build linux

package ip

import "strings"

// A grammar is the words that a command knows, one a line, in the order in which
// they are tried. The parser, the help text, the completion of the shell and the
// manual all read this table:
//
//	metric*|priority*|preference NUMBER  the smallest one wins
//
// A word with a star may be abbreviated; words with a bar between them mean the
// same, and are known by the first. What follows is the argument: words in capitals
// stand for values (see complete.go), "{ on | off }" is a choice. Behind two blanks
// is what help and the manual say. A line without that is a word that iproute2 takes
// and that is not advertised. A word in brackets, "[dev] DEV", may be left out.
type grammar string

// Keywords are a grammar without arguments and help, between blanks. The other
// kind begins with the end of a line.
type keywords = grammar

func (g grammar) separator() byte {
	if strings.HasPrefix(string(g), "\n") {
		return '\n'
	}
	return ' '
}

// find is the word that this one is, or abbreviates, or "".
func (g grammar) find(word string) string { return findWord(string(g), word) }

// findWord goes through the table once and looks at little of it. No word of a
// table begins with a digit.
func findWord(table, word string) string {
	if word == "" || word[0] >= '0' && word[0] <= '9' {
		return ""
	}
	separator := grammar(table).separator()
	for i, first := 0, 0; i < len(table); {
		if i == first && (table[i] == '\t' || table[i] == '[') {
			i++
			first = i
			continue
		}
		if end := i + len(word); table[i] == word[0] && end <= len(table) && table[i:end] == word {
			last := keyEnd(table, i)
			if last == end || last > end && last < len(table) && table[last] == '*' {
				return table[first:keyEnd(table, first)]
			}
		}
		for i < len(table) && table[i] > ' ' && table[i] != '|' {
			i++
		}
		if i < len(table) && table[i] == '|' {
			i++
			continue
		}
		for i < len(table) && table[i] != separator {
			i++
		}
		i++
		first = i
	}
	return ""
}

// keyEnd is where the word ends that begins at i.
func keyEnd(table string, i int) int {
	for i < len(table) && table[i] > '*' && table[i] != '|' && table[i] != ']' {
		i++
	}
	return i
}

// words are those to suggest: the first of each entry.
func (g grammar) words() (all []string) {
	table, separator := string(g), string(g.separator())
	for table != "" {
		var group string
		group, table = firstGroup(table, separator)
		if w, _, _ := strings.Cut(strings.ReplaceAll(group, "*", ""), "|"); w != "" {
			all = append(all, w)
		}
	}
	return all
}

// firstGroup cuts the words of the first entry off: "metric*|priority*|preference".
func firstGroup(table, separator string) (group, rest string) {
	line, rest, _ := strings.Cut(table, separator)
	group, _, _ = strings.Cut(strings.TrimLeft(line, "\t"), " ")
	return strings.Trim(group, "[]"), rest
}
