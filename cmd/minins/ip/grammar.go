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

// find is the word that this one is, or abbreviates, or "".
func (g grammar) find(word string) string { return findWord(string(g), "\n", word) }

// words are those to suggest: the first of each line.
func (g grammar) words() []string { return firstWords(string(g), "\n") }

// Keywords are a grammar without arguments and help, between blanks.
type keywords string

func (k keywords) find(word string) string { return findWord(string(k), " ", word) }
func (k keywords) words() []string         { return firstWords(string(k), " ") }

func findWord(table, separator, word string) string {
	for table != "" {
		var group string
		group, table = firstGroup(table, separator)
		name := ""
		for group != "" {
			var key string
			key, group, _ = strings.Cut(group, "|")
			full, short := strings.CutSuffix(key, "*")
			if name == "" {
				name = full
			}
			if word == full || short && abbreviates(word, full) {
				return name
			}
		}
	}
	return ""
}

func firstWords(table, separator string) (all []string) {
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
