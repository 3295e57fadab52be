//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// console boots a machine with a program as /init and nothing else but the modules, and what
// -exec and -file say, in /bin: this terminal is its console. What a line of its rc says of an exit status other than 0
// is the end's.
func console(t *target, s *suite, cache, program, rc string, memory int, limit time.Duration) error {
	st := store{dir: cache}
	root, err := st.kernel(t)
	if err != nil {
		return err
	}
	b, err := openBoard(t, root, cache)
	if err != nil {
		return err
	}
	entries := []entry{{name: "init", mode: exeMode, from: s.forArch(t, program)}}
	programs, err := s.builtPrograms(t, t.buildDir(cache), "bin/")
	if err != nil {
		return err
	}
	more, err := s.given(t)
	if err != nil {
		return err
	}
	entries = append(append(append(entries, programs...), more...), moduleEntries(b.modules)...)
	if rc != "" {
		entries = append(entries, entry{name: "etc/rc", mode: fileMode, from: rc})
	}
	initramfs := filepath.Join(cache, t.name+".console.cpio")
	if err := writeInitramfs(initramfs, entries, t.local == ""); err != nil {
		return err
	}
	cmd, err := command(t, b.root, b.kernel, initramfs)
	if err != nil {
		return err
	}
	for i := range cmd {
		if cmd[i] == "-m" && memory > 0 {
			cmd[i+1] = strconv.Itoa(memory)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var said strings.Builder
	c := exec.CommandContext(ctx, cmd[0], cmd[1:]...)
	c.Stdin = os.Stdin
	c.Stdout = io.MultiWriter(os.Stdout, &said)
	c.Stderr = os.Stderr
	if err := c.Run(); err != nil {
		return errors.Join(err, ctx.Err())
	}
	if rc != "" && !strings.Contains(said.String(), "# poweroff") {
		return errors.New("the machine did not come to the end of its rc")
	}
	if status := regexp.MustCompile(`\(exit status \d+\)|Kernel panic`).FindString(said.String()); status != "" {
		return fmt.Errorf("its console said %s", status)
	}
	return nil
}
