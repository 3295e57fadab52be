//go:build linux

package ip

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"

	"github.com/minins/minins/nl"
)

// A batch is the commands of a file, one a line, and what they have in common.
//
// A request of which only the verdict matters goes out without asking for an
// acknowledgement, which costs the kernel as much as half a route: it refuses
// before the system call returns, so that no refusal to read is success.
//
// With -force many of them go in one datagram. Without, each goes alone: the
// kernel does all of a datagram, also what is behind a refused request, and no
// line behind a wrong one may be carried out.
type batch struct {
	file   string
	reader lineReader
	failed bool

	requests *nl.Batch
	lines    []int // the line of each request
	room     int   // for so many
	sending  bool
	answer   bool  // whether the refusal of the last one is wanted at once:
	refusal  error // here
	refused  func(i int, err error)

	indexes map[string]uint32 // of links that were asked for
}

// A datagram of routes takes the kernel 2 ms: Go takes the processor away from
// what is in a system call for more than 10. Links take it longer, and count more.
const (
	batchRequests = 1024
	batchAddrs    = 256
	batchLinks    = 12
	batchBytes    = 128 << 10

	alone = batchRequests // the weight of what is to be answered at once
)

// batch runs the commands in a file, "-" being standard input.
func (s *session) batch(file string) int {
	in := s.c.Stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			s.complain(say("Cannot open file \"%s\" for reading: %s", file, errnoText(err)), "")
			return exitFailed
		}
		defer f.Close()
		in = f
	}
	b := &batch{file: file, reader: lineReader{r: bufio.NewReaderSize(in, 32<<10)}}
	b.refused = func(i int, err error) {
		if i == len(b.lines)-1 && b.answer {
			b.refusal = err
			return
		}
		s.commandFailed(err, b.lines[i])
	}
	s.lines = b
	status := s.runBatch(b)
	s.flush()
	if status == 0 && b.failed {
		return exitFailed
	}
	return status
}

// runBatch runs the commands. The status that it returns is that of a mistake
// that ends all, or 0.
func (s *session) runBatch(b *batch) int {
	for {
		args, err := b.reader.next()
		if errors.Is(err, io.EOF) {
			return 0
		}
		if err != nil {
			return s.report(err)
		}
		if len(args) == 0 {
			continue
		}
		wrong := s.command(args)
		if wrong == nil {
			continue
		}
		code := s.commandFailed(wrong, b.reader.line)
		if code != 0 { // where words are wrong iproute2 just exits
			return code
		}
		if !s.opt.force {
			return exitFailed
		}
	}
}

// commandFailed reports what was wrong with a line. If that ends the batch, it
// returns the exit status.
func (s *session) commandFailed(wrong error, line int) int {
	code := s.report(wrong)
	f, last := asFailure(wrong), lastOne{}
	if code == exitUsage || f != nil && f.exits || errors.As(wrong, &last) {
		return code
	}
	s.c.Errorf("Command failed %s:%d", s.lines.file, line)
	s.lines.failed = true
	return 0
}

// change sends a request of which only the verdict matters; in a batch with
// -force, later. weight is how many routes it takes the kernel as long as.
func (s *session) change(typ, flags uint16, weight int, req nl.Message) error {
	b := s.lines
	if b == nil || s.c.Explain != nil {
		return s.do(typ, flags, req, nil)
	}
	conn, err := s.open()
	if err != nil {
		return err
	}
	if b.requests == nil {
		b.requests, b.room = conn.Batch(), 1
		if s.opt.force && !s.c.Hints { // a hint is about the words, which are gone by then
			_, replies, err := conn.Reserve(batchBytes, batchRequests)
			if err != nil {
				return err
			}
			b.room = min(replies, batchRequests)
		}
	}
	b.requests.Add(typ, flags, req)
	b.lines = append(b.lines, b.reader.line)
	b.answer = b.room == 1 || weight == alone
	if len(b.lines)*weight < b.room && b.requests.Size() < batchBytes/2 {
		return nil
	}
	return s.send()
}

// flush sends what a batch has collected, and says which lines were refused. It
// comes before all that could tell the difference.
func (s *session) flush() {
	if b := s.lines; b == nil || len(b.lines) == 0 || b.sending {
		return
	}
	if err := s.send(); err != nil {
		s.commandFailed(err, s.lines.reader.line)
	}
}

func (s *session) send() error {
	b := s.lines
	b.sending, b.refusal = true, nil
	_, err := b.requests.SendEach(s.ctx, b.refused)
	b.sending, b.answer = false, false
	b.requests.Reset()
	b.lines = b.lines[:0]
	if err != nil {
		return err
	}
	return b.refusal
}

// forget is for behind what may have changed a link.
func (s *session) forget() {
	s.links = nil
	if s.lines != nil {
		s.lines.indexes = nil
	}
}

// A lineReader reads commands: words between blanks, quoted or not, up to the
// end of a line that does not end in a backslash. # begins a comment.
type lineReader struct {
	r    *bufio.Reader
	line int // that was read last
	text []byte
	args []string
}

// maxArgs is how many words iproute2 has room for.
const maxArgs = 511

// next reads a command, which is valid until the next one. There may be no
// words in it. The error behind the last one is io.EOF.
func (l *lineReader) next() ([]string, error) {
	l.text = l.text[:0]
	for {
		more, err := l.read()
		if err != nil {
			return nil, err
		}
		if !more {
			return l.split(string(l.text))
		}
	}
}

// read appends a line to the text and reports whether the next one continues it.
func (l *lineReader) read() (more bool, err error) {
	start := len(l.text)
	for err = bufio.ErrBufferFull; errors.Is(err, bufio.ErrBufferFull); {
		var part []byte
		part, err = l.r.ReadSlice('\n')
		l.text = append(l.text, part...)
	}
	end := len(l.text)
	if end == start {
		if errors.Is(err, io.EOF) && start > 0 {
			err = fail(0, "Missing continuation line", "")
		}
		return false, err
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	l.line++
	for _, c := range []byte{'#', 0} { // 0 is where a string of C ends
		if i := bytes.IndexByte(l.text[start:], c); i >= 0 {
			l.text = l.text[:start+i]
		}
	}
	if end != len(l.text) {
		return false, nil
	}
	if end-start >= 2 && l.text[end-1] == '\n' && l.text[end-2] == '\\' {
		l.text = l.text[:end-2]
		return true, nil
	}
	return false, nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// split makes words of a line.
func (l *lineReader) split(s string) ([]string, error) {
	l.args = l.args[:0]
	for i := 0; ; i++ {
		for i < len(s) && isBlank(s[i]) {
			i++
		}
		if i >= len(s) {
			return l.args, nil
		}
		if len(l.args) == maxArgs {
			return nil, &failure{code: exitFailed, text: "Too many arguments to command"}
		}
		quote := s[i]
		quoted := quote == '"' || quote == '\''
		if quoted {
			i++
		}
		start := i
		if quoted {
			for i < len(s) && s[i] != quote {
				i++
			}
			if i == len(s) {
				return nil, &failure{code: exitFailed, text: "Unterminated quoted string"}
			}
		} else {
			for i < len(s) && (s[i] > ' ' || !isBlank(s[i])) {
				i++
			}
		}
		l.args = append(l.args, s[start:i])
	}
}
