//go:build linux

// Package trace shows what a command says to the kernel by netlink, and what it answers:
// "minins --trace COMMAND", and --trace and --pcap as the first words of any command.
package trace

import (
	"errors"
	"strconv"
	"strings"
)

// The words and the variables of the environment, which programs that a command starts
// inherit: "ip netns exec red ip link" is two processes.
const (
	traceWord, traceEnv = "--trace", "MININS_TRACE"
	pcapWord, pcapEnv   = "--pcap", "MININS_PCAP"
)

// Options are what to show, and where.
type Options struct {
	Format string // "text", "sent", "bytes", "json", or "" for none
	File   string // to write packets to, or ""
}

// On says whether anything is to be shown.
func (o *Options) On() bool { return o.Format != "" || o.File != "" }

// Leading divides the words behind "minins" into options and the command.
func Leading(args []string) (options, rest []string) {
	n := 0
	for n < len(args) {
		word, _, given := strings.Cut(args[n], "=")
		if word != traceWord && word != pcapWord {
			break
		}
		if n++; word == pcapWord && !given && n < len(args) {
			n++
		}
	}
	return args[:n:n], args[n:]
}

// Parse takes the options off the words of a command. What the environment says counts
// where they say nothing.
func Parse(args []string, getenv func(string) string) (o Options, rest []string, err error) {
	o = Options{Format: getenv(traceEnv), File: getenv(pcapEnv)}
	if o.Format == "1" {
		o.Format = formatText
	}
	for len(args) > 0 {
		word, value, given := strings.Cut(args[0], "=")
		switch {
		case word == traceWord && !given:
			o.Format = formatText
		case word == traceWord && value == "":
			return o, nil, errors.New("--trace= needs a format: text, sent, bytes or json")
		case word == traceWord:
			o.Format = value
		case word == pcapWord && !given && len(args) > 1:
			args = args[1:]
			o.File = args[0]
		case word == pcapWord:
			o.File = value
		default:
			return o, args, o.check()
		}
		if word == pcapWord && o.File == "" {
			return o, nil, errors.New("--pcap needs the name of a file: --pcap netlink.pcapng")
		}
		args = args[1:]
	}
	return o, args, o.check()
}

func (o *Options) check() error {
	switch o.Format {
	case "", formatText, formatSent, formatBytes, formatJSON:
		return nil
	}
	return errors.New("a trace has no format " + strconv.Quote(o.Format) + ": take text, sent, bytes or json")
}

// Setenv has programs that the command starts show the same.
func (o *Options) Setenv(setenv func(key, value string) error) error {
	err := setenv(traceEnv, o.Format)
	if o.File != "" {
		err = errors.Join(err, setenv(pcapEnv, o.File))
	}
	return err
}
