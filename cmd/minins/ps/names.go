//go:build linux

package ps

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// readUsers reads the names of users. Without the file there are none.
func readUsers(path string) map[uint32]string {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	users := make(map[uint32]string)
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(line, ":")
		if len(fields) < 4 || fields[0] == "" {
			continue
		}
		uid, err := strconv.ParseUint(fields[2], 10, 32)
		if _, known := users[uint32(uid)]; err == nil && !known {
			users[uint32(uid)] = fields[0]
		}
	}
	return users
}

// user is the name in a column of that width: what is too long ends in "+".
func (s *system) user(uid uint32, width int) string {
	name, ok := s.users[uid]
	if !ok {
		name = strconv.FormatUint(uint64(uid), 10)
	}
	if len(name) > width {
		return name[:width-1] + "+"
	}
	return name
}

// A ttyDriver is a line of /proc/tty/drivers.
type ttyDriver struct {
	path        string // "/dev/ttyS"
	major       uint32
	first, last uint32 // minor numbers
}

func readDrivers(path string) []ttyDriver {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return parseDrivers(string(text))
}

func parseDrivers(text string) []ttyDriver {
	var drivers []ttyDriver
	for line := range strings.Lines(text) {
		fields := strings.Fields(line) // name, path, major, minors, type
		if len(fields) < 4 {
			continue
		}
		first, last, isRange := strings.Cut(fields[3], "-")
		if !isRange {
			last = first
		}
		major, err1 := strconv.ParseUint(fields[2], 10, 32)
		low, err2 := strconv.ParseUint(first, 10, 32)
		high, err3 := strconv.ParseUint(last, 10, 32)
		if err1 == nil && err2 == nil && err3 == nil {
			drivers = append(drivers, ttyDriver{fields[1], uint32(major), uint32(low), uint32(high)})
		}
	}
	return drivers
}

// ttyName is the terminal without "/dev/", or "?" for none.
func (s *system) ttyName(device uint32) string {
	if device == 0 {
		return "?"
	}
	major, minor := unix.Major(uint64(device)), unix.Minor(uint64(device))
	for _, d := range s.ttys {
		if d.major != major || minor < d.first || minor > d.last {
			continue
		}
		name := strings.TrimPrefix(d.path, "/dev/")
		switch {
		case name == "pts":
			name += "/" + strconv.Itoa(int(minor))
		case d.first == d.last && d.first < 3 && major == 5: // tty, console, ptmx: one of a kind
		case name == "tty": // virtual consoles count from 1, as their minors do
			name += strconv.Itoa(int(minor))
		default:
			name += strconv.Itoa(int(minor - d.first))
		}
		return name
	}
	return "?"
}
