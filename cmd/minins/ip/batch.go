//go:build linux

package ip

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// A batch is the commands of a file, one a line, and what they have in common.
//
// Requests of which only the verdict matters are collected in flights, which a
// goroutine sends while the next ones are filled. All that could tell the
// difference comes behind a call of [session.flush], which waits for them. They do
// not ask for an acknowledgement, which costs the kernel as much as half a route:
// it refuses before the system call returns, so that no refusal to read is success.
//
// With -force many go in one datagram. Without, each goes alone: the kernel does
// all of a datagram, also what is behind a refused request, and no line behind a
// wrong one may be carried out.
type batch struct {
	file   string
	reader lineReader
	failed bool
	over   error // behind a refused line, without -force

	// fleet[filling] is filled; the aloft ones before it are sent, and with three
	// there is always one to send when the last has landed.
	fleet          [3]*flight
	filling, aloft int
	runway         chan *flight

	indexes map[string]uint32 // of links that were asked for
}

// A flight is some requests on a socket of their own.
type flight struct {
	conn     *nl.Conn
	requests *nl.Batch
	lines    []int // the line of each request
	room     int   // for so many
	refused  []refusal
	err      error         // what else went wrong
	landed   chan struct{} // gets a value when all are sent
}

// A refusal is of a line.
type refusal struct {
	_ [0]func() // not to be compared: that would take code

	line int
	err  error
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
			s.complain(say("Cannot open file \"%s\" for reading: %s", file, applet.Strerror(err)), "")
			return exitFailed
		}
		defer f.Close()
		in = f
	}
	b := &batch{file: file, runway: make(chan *flight, len(batch{}.fleet)), reader: lineReader{r: bufio.NewReaderSize(&input{in, s.flush}, 64<<10)}}
	s.lines = b
	go send(s.ctx, b.runway)
	status := s.runBatch(b)
	if s.flush() != nil && status == 0 {
		status = exitFailed
	}
	close(b.runway)
	for _, f := range b.fleet {
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
			if no := unix.Errno(0); errors.As(err, &no) { // it is a directory, or a disk that is broken
				file := b.file
				if file == "-" {
					file = "standard input"
				}
				err = fail(exitFailed, say("Cannot read \"%s\": %s", file, applet.Strerror(err)), "")
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
	if b.over != nil {
		return b.over
	}
	f := b.fleet[b.filling]
	if f == nil {
		var err error
		if f, err = s.newFlight(); err != nil {
			return err
		}
		b.fleet[b.filling] = f
	}
	f.requests.Add(typ, flags, req)
	f.lines = append(f.lines, b.reader.line)
	most = min(most, f.room) >> (2 * (len(b.fleet) - 1 - b.aloft)) // fewer in the first ones: nobody sends meanwhile
	if len(f.lines) < most && f.requests.Size() < batchBytes/2 {
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

// handOver has what was collected sent, behind what is on its way, and waits
// until there is one to fill next.
func (s *session) handOver() error {
	b := s.lines
	b.runway <- b.fleet[b.filling]
	b.aloft++
	b.filling = (b.filling + 1) % len(b.fleet)
	if b.aloft < len(b.fleet) {
		return nil
	}
	return s.land()
}

// send sends flights, without -force up to the first that has a refused request.
// It does so on one thread: what nl prepares for requests apart is that thread's.
func send(ctx context.Context, runway <-chan *flight) {
	runtime.LockOSThread()
	over := false
	for f := range runway {
		if !over {
			_, f.err = f.requests.SendEach(ctx, f.refuse)
			over = f.requests.Apart && (f.err != nil || f.refused != nil)
		}
		f.landed <- struct{}{}
	}
}

func (f *flight) refuse(i int, err error) {
	f.refused = append(f.refused, refusal{line: f.lines[i], err: err})
}

// land waits for the first of what is on its way and says which lines were
// refused.
func (s *session) land() error {
	b := s.lines
	f := b.fleet[(b.filling+len(b.fleet)-b.aloft)%len(b.fleet)]
	<-f.landed
	b.aloft--
	if f.err != nil { // what was not sent was not done; of the rest, the last one brought it to light
		first := min(f.requests.Sent(), len(f.lines)-1)
		for i := first; i < len(f.lines) && (i == first || s.opt.force); i++ {
			f.refuse(i, f.err)
		}
	}
	for _, r := range f.refused {
		s.commandFailed(r.err, r.line)
		if !s.opt.force {
			b.over = fail(exitFailed, "", "")
		}
	}
	f.lines, f.refused, f.err = f.lines[:0], nil, nil
	f.requests.Reset()
	return b.over
}

// flush sends what a batch has collected, waits for it and says which lines were
// refused. It comes before all that could tell the difference. Its error is that
// the batch is over.
func (s *session) flush() error {
	b := s.lines
	if b == nil {
		return nil
	}
	if f := b.fleet[b.filling]; f != nil && len(f.lines) > 0 {
		if err := s.handOver(); err != nil {
			return err
		}
	}
	for b.aloft > 0 {
		if err := s.land(); err != nil {
			return err
		}
	}
	return b.over
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
	for full := true; full; full = err != nil && errors.Is(err, bufio.ErrBufferFull) {
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
	for i < len(s) && are == (s[i] <= ' ' && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r')) {
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
