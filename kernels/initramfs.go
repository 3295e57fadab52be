//go:build linux

package main

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// An entry is a file of the initramfs. Its directories are made with it.
type entry struct {
	name string // without the first slash
	mode uint32 // with the type: S_IFREG, S_IFDIR, S_IFCHR
	data []byte
	from string // or the file that has them
}

const (
	dirMode  = 0o040755
	exeMode  = 0o100755
	fileMode = 0o100644
	linkMode = 0o120777 // data is where it points
)

// writeInitramfs writes an archive in cpio's format newc, which Linux unpacks before it
// starts /init: Documentation/driver-api/early-userspace/buffer-format.rst.
func writeInitramfs(file string, entries []entry, compress bool) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	buffered := bufio.NewWriterSize(f, 1<<20)
	var to io.Writer = buffered
	if compress {
		z, err := gzip.NewWriterLevel(buffered, gzip.BestSpeed)
		if err != nil {
			return err
		}
		to = z
	}
	w := archive{w: to, made: map[string]bool{".": true, "": true}}
	// Without it, Linux gives /init no standard input and output.
	w.add(entry{name: "dev", mode: dirMode})
	w.add(entry{name: "dev/console", mode: 0o020600})
	for _, e := range entries {
		if e.from != "" {
			if e.data, err = os.ReadFile(e.from); err != nil {
				return err
			}
		}
		w.dirs(path.Dir(e.name))
		w.add(e)
	}
	w.add(entry{name: "TRAILER!!!"})
	if z, ok := to.(*gzip.Writer); ok && w.err == nil {
		w.err = z.Close()
	}
	if w.err != nil {
		return w.err
	}
	return buffered.Flush()
}

type archive struct {
	w    io.Writer
	n    int // bytes written
	ino  int
	made map[string]bool // directories
	err  error
}

func (a *archive) dirs(dir string) {
	if a.made[dir] {
		return
	}
	a.made[dir] = true
	a.dirs(path.Dir(dir))
	a.add(entry{name: dir, mode: dirMode})
}

func (a *archive) add(e entry) {
	if e.mode == dirMode || e.mode == linkMode { // one to a directory is not made one
		a.made[e.name] = true
	}
	a.ino++
	var major, minor int
	if e.name == "dev/console" {
		major, minor = 5, 1
	}
	a.write([]byte(fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", a.ino, e.mode, 0, 0, 1, 0, len(e.data),
		0, 0, major, minor, len(e.name)+1, 0)))
	a.write([]byte(e.name + "\x00"))
	a.pad()
	a.write(e.data)
	a.pad()
}

func (a *archive) pad() { a.write([]byte(strings.Repeat("\x00", -a.n&3))) }

func (a *archive) write(b []byte) {
	if a.err != nil {
		return
	}
	a.n += len(b)
	_, a.err = a.w.Write(b)
}
