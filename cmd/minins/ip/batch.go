//go:build linux

package ip

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// A batch is the commands of a file, one a line, and what they have in common.
//
// Requests of which only the verdict matters are collected and handed over to a
// goroutine that sends them, while the next ones are read. All that could tell
// the difference comes behind a call of [session.flush], which waits for them.
// They do not ask for an acknowledgement, which costs the kernel as much as half
// a route: it refuses before the system call returns, so that no refusal to read
// is success.
//
// With -force many go in one datagram. Without, each goes alone: the kernel does
// all of a datagram, also what is behind a refused request, and no line behind a
// wrong one may be carried out.
type batch struct {
	file   string
	reader lineReader
	failed bool
	over   error // behind a refused line, without -force

	filling, flying *flight
	indexes         map[string]uint32 // of links that were asked for
}

// A flight is some requests on a socket of their own.
type flight struct {
	conn     *nl.Conn
	requests *nl.Batch
	lines    []int // the line of each request
	room     int   // for so many
	refused  []error
	which    []int         // the lines of those
	err      error         // what else went wrong
	landed   chan struct{} // gets a value when all are sent
}

// A datagram of routes takes the kernel 2 ms: Go takes the processor away from
// what is in a system call for more than 10. Addresses and links take it longer.
const (
	batchRequests = 1024
	batchAddrs    = 256
	batchLinks    = 12
	batchBytes    = 128 << 10
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
	b := &batch{file: file, reader: lineReader{r: bufio.NewReaderSize(&input{in, s.flush}, 64<<10)}}
	s.lines = b
	status := s.runBatch(b)
	if s.flush() != nil && status == 0 {
		status = exitFailed
	}
	for _, f := range []*flight{b.filling, b.flying} {
		if f != nil {
			_ = f.conn.Close() // all is answered
		}
	}
	if status == 0 && b.failed {
		return exitFailed
	}
	return status
}

// runBatch runs the commands. The status that it returns is that of what ended
// them before their end, or 0.
func (s *session) runBatch(b *batch) int {
	for {
		args, err := b.reader.next()
		if errors.Is(err, io.EOF) {
			return 0
		}
		if err != nil {
			if s.flush() != nil {
				return exitFailed
			}
			return s.report(err)
		}
		if len(args) == 0 {
			continue
		}
		wrong := s.command(args)
		if wrong == nil {
			continue
		}
		if s.flush() != nil { // first what was wrong before
			return exitFailed
		}
		if code := s.commandFailed(wrong, b.reader.line); code != 0 {
			return code
		}
		if !s.opt.force {
			return exitFailed
		}
	}
}

// commandFailed reports what was wrong with a line. If that ends the batch, since
// iproute2 just exits there, it returns the exit status.
func (s *session) commandFailed(wrong error, line int) int {
	code := s.report(wrong)
	f, h := asFailure(wrong), hinted{}
	if code == exitUsage || f != nil && f.exits || errors.As(wrong, &h) && h.exits {
		return code
	}
	s.c.Errorf("Command failed %s:%d", s.lines.file, line)
	s.lines.failed = true
	return 0
}

// change sends a request of which only the verdict matters; in a batch, later.
// So many of its kind may be in a datagram.
func (s *session) change(typ, flags uint16, most int, req nl.Message) error {
	b := s.lines
	if b == nil || s.c.Explain != nil || s.c.Hints || s.opt.echo { // a hint is about the words, which are gone by then
		return s.changeNow(typ, flags, req)
	}
	if b.filling == nil {
		f, err := s.newFlight()
		if err != nil {
			return err
		}
		b.filling = f
	}
	f := b.filling
	f.requests.Add(typ, flags, req)
	f.lines = append(f.lines, b.reader.line)
	if len(f.lines) < min(most, f.room) && f.requests.Size() < batchBytes/2 {
		return nil
	}
	return s.handOver()
}

func (s *session) newFlight() (*flight, error) {
	conn, err := s.c.Dial(rtnl.Protocol, s.opt.netns)
	if err != nil {
		return nil, err
	}
	_, replies, err := conn.Reserve(batchBytes, batchRequests+1)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	f := &flight{conn: conn, requests: conn.Batch(), room: replies - 1, landed: make(chan struct{}, 1)}
	f.requests.Apart = !s.opt.force
	return f, nil
}

// handOver has what was collected sent, behind what is on its way.
func (s *session) handOver() error {
	b := s.lines
	if err := s.await(); err != nil {
		return err
	}
	b.filling, b.flying = b.flying, b.filling
	go b.flying.send(s.ctx)
	return nil
}

func (f *flight) send(ctx context.Context) {
	_, f.err = f.requests.SendEach(ctx, f.refuse)
	f.landed <- struct{}{}
}

func (f *flight) refuse(i int, err error) {
	f.refused, f.which = append(f.refused, err), append(f.which, f.lines[i])
}

// await waits for what is on its way and says which lines were refused.
func (s *session) await() error {
	b := s.lines
	f := b.flying
	if b.over != nil {
		return b.over
	}
	if f == nil || len(f.lines) == 0 {
		return nil
	}
	<-f.landed
	if f.err != nil { // what was not sent was not done; of the rest, the last one brought it to light
		first := min(f.requests.Sent(), len(f.lines)-1)
		for i := first; i < len(f.lines) && (i == first || s.opt.force); i++ {
			f.refuse(i, f.err)
		}
	}
	for i, err := range f.refused {
		s.commandFailed(err, f.which[i])
		if !s.opt.force {
			b.over = fail(exitFailed, "", "")
			b.filling.drop()
		}
	}
	f.drop()
	return b.over
}

// drop forgets what was collected.
func (f *flight) drop() {
	if f != nil {
		f.lines, f.refused, f.which, f.err = f.lines[:0], f.refused[:0], f.which[:0], nil
		f.requests.Reset()
	}
}

// flush sends what a batch has collected, waits for it and says which lines were
// refused. It comes before all that could tell the difference. Its error is that
// the batch is over.
func (s *session) flush() error {
	b := s.lines
	if b == nil {
		return nil
	}
	if b.filling != nil && len(b.filling.lines) > 0 {
		if err := s.handOver(); err != nil {
			return err
		}
	}
	return s.await()
}

// forget is for behind what may have changed a link.
func (s *session) forget() {
	s.links = nil
	if s.lines != nil {
		s.lines.indexes = nil
	}
}

// An input calls idle before it has to wait: who writes the lines may wait for
// what the last one does.
type input struct {
	io.Reader
	idle func() error
}

func (in *input) Read(b []byte) (int, error) {
	ready := 0
	if f, ok := in.Reader.(*os.File); ok {
		ready, _ = unix.Poll([]unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLIN}}, 0)
	}
	if ready <= 0 {
		if err := in.idle(); err != nil {
			return 0, err
		}
	}
	return in.Reader.Read(b)
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
	for i, c := range l.text[start:] {
		if c == '#' || c == 0 { // where a string of C ends
			l.text = l.text[:start+i]
			return false, nil
		}
	}
	if end-start >= 2 && l.text[end-1] == '\n' && l.text[end-2] == '\\' {
		l.text = l.text[:end-2]
		return true, nil
	}
	return false, nil
}

// blanks is how much of the beginning of s is blanks, or is none.
func blanks(s string, are bool) (i int) {
	for i < len(s) && are == (s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r') {
		i++
	}
	return i
}

// split makes words of a line.
func (l *lineReader) split(s string) ([]string, error) {
	l.args = l.args[:0]
	for {
		i := blanks(s, true)
		if i == len(s) {
			return l.args, nil
		}
		if len(l.args) == maxArgs {
			return nil, fail(exitFailed, "Too many arguments to command", "")
		}
		s = s[i:]
		quote := s[0]
		if quote == '"' || quote == '\'' {
			s = s[1:]
			i = strings.IndexByte(s, quote)
			if i < 0 {
				return nil, fail(exitFailed, "Unterminated quoted string", "")
			}
		} else {
			i = blanks(s, false)
		}
		l.args = append(l.args, s[:i])
		s = s[min(i+1, len(s)):]
	}
}
