//go:build linux

package tutorial

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Config says what the stage is furnished with.
type Config struct {
	Minins string // path of the binary; may be empty if Real is set
	Real   bool   // the host's root directory with the installed tools
	Stderr io.Writer
}

// The kinds of stages.
const (
	bare      = "minins"    // minins alone
	installed = "real"      // the installed tools
	both      = "both"      // the installed tools, and minins beside them
	furnished = "furnished" // by others: see [At]
)

func (c Config) mode() string {
	switch {
	case !c.Real:
		return bare
	case c.Minins == "":
		return installed
	}
	return both
}

// A Command is to be run on the stage.
type Command struct {
	Args  []string
	Real  bool   // by the installed tools, where the stage has both
	Until int    // interrupt it after so many replies; Endless if it ends by itself
	Stdin string // what it reads
	Hints bool   // a person reads it: minins says more below an error
}

// Endless is the value of Until of commands that end by themselves.
const Endless = -1

// A Result is what a command did.
type Result struct {
	Stdout, Stderr string
	Code           int
	Took           time.Duration
}

// A Stage is a host in miniature, for one goroutine at a time.
type Stage struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	enc  *json.Encoder
	dec  *json.Decoder
	real bool
	run  func(Command) (Result, error) // nil: the stage's process does
}

// New furnishes a stage. Close must be called to end it.
func New(c Config) (*Stage, error) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{"minins-stage"}
	cmd.Env = []string{stageEnv + "=" + c.mode()}
	cmd.Stderr = c.Stderr
	if c.Minins != "" {
		f, err := os.Open(c.Minins)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		cmd.ExtraFiles = []*os.File{f}
	} else if !c.Real {
		return nil, errors.New("a stage needs minins or the installed tools")
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID |
			unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	return start(cmd, &Stage{real: c.mode() == installed})
}

// At is a stage in namespaces that others have made. The helper is this program,
// started by others inside: "nsenter ... PROGRAM". What is there is furnished already.
// Commands are run by run, wherever that is.
//
// Close ends the helper alone.
func At(helper *exec.Cmd, run func(Command) (Result, error)) (*Stage, error) {
	helper.Env = append(helper.Environ(), stageEnv+"="+furnished)
	return start(helper, &Stage{run: run})
}

func start(cmd *exec.Cmd, s *Stage) (*Stage, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("new namespaces: %w (see /proc/sys/user/max_user_namespaces"+
			" and kernel.apparmor_restrict_unprivileged_userns)", err)
	}
	s.cmd, s.in, s.enc, s.dec = cmd, in, json.NewEncoder(in), json.NewDecoder(out)
	if _, err := s.answer(); err != nil { // the stage is furnished
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close ends the stage and all that runs and lives in it.
func (s *Stage) Close() error {
	if err := s.in.Close(); err != nil { // the stage's process 1 reads the end of its input and exits
		return err
	}
	return s.cmd.Wait()
}

func (s *Stage) call(r request) (Result, error) {
	if err := s.enc.Encode(r.words()); err != nil {
		return Result{}, fmt.Errorf("the stage is gone: %w", err)
	}
	return s.answer()
}

func (s *Stage) answer() (Result, error) {
	var words []string
	if err := s.dec.Decode(&words); err != nil {
		return Result{}, fmt.Errorf("the stage is gone: %w", err)
	}
	r, err := parseReply(words)
	if err != nil {
		return Result{}, err
	}
	if r.Err != "" {
		return Result{}, errors.New(r.Err)
	}
	return r.Result, nil
}

// Run runs a command. The error is the stage's; what the command says of
// itself is in the result.
func (s *Stage) Run(c Command) (Result, error) {
	if s.run != nil {
		return s.run(c)
	}
	c.Real = c.Real || s.real
	return s.call(request{Op: "run", Command: c})
}

// Write writes a file, such as a sysctl.
func (s *Stage) Write(path, data string) error {
	_, err := s.call(request{Op: "write", Path: path, Data: data})
	return err
}

// Tree lists the files of the root directory, but not of the kernel's file
// systems, one a line: "/bin/ip -> minins".
func (s *Stage) Tree() (string, error) {
	r, err := s.call(request{Op: "tree"})
	return r.Stdout, err
}

// Hold keeps a named namespace alive when its name is deleted.
func (s *Stage) Hold(name string) error {
	_, err := s.call(request{Op: "hold", Path: name})
	return err
}

// HTTP gets the URL from within the namespace that is held, and serves HTTP
// at address server in whatever named namespace has that address.
func (s *Stage) HTTP(url, server string) (Result, error) {
	return s.call(request{Op: "http", Path: url, Data: server})
}
