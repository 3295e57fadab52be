//go:build linux

package ns

import (
	"context"

	"github.com/minins/minins/nsfs"
)

// watch tells what there is, comes and goes, until it is killed.
func (s *session) watch(string) error {
	if s.explained(`inotify_add_watch("/run/netns"), poll("/proc/thread-self/mountinfo")`, "wait for a change of the names or of the mounts, and look again") {
		return nil
	}
	return nsfs.Watch(context.Background(), func(e nsfs.Event) error {
		word := "add"
		switch {
		case e.Gone:
			word = "delete"
		case e.Before:
			word = "there"
		}
		s.row("%s %s inode %s id %s", "event", word, "name", e.Name, "inode", decimal(e.ID.Ino), "id", decimal(e.ID.ID))
		s.close("}")
		if s.json != nil {
			s.json.Restart()
		}
		s.c.Printf("\n")
		return s.c.Stdout.Flush()
	})
}

// repair removes what is stale, and says why the rest stays.
func (s *session) repair(string) error {
	if s.explained("poll(NULL, 0, 1000)", "a second, to look again at what is stale, and older than 10 seconds",
		`flock(fd, LOCK_EX)`, "on /run/netns, which those who make namespaces lock first",
		`unlink("/run/netns/NAME")`, "if it is stale still; the kernel refuses it for what has a mount on it") {
		return nil
	}
	word := "removed"
	if s.dryRun {
		word = "would remove"
	}
	removed, err := nsfs.Repair(nsfs.RepairOptions{DryRun: s.dryRun})
	s.tell(word, removed)
	if err != nil || s.dryRun {
		return err
	}
	rest, err := nsfs.Entries()
	s.tell("left", rest)
	return err
}

// tell says what is done with names that are not live.
func (s *session) tell(word string, all []nsfs.Entry) {
	for i := range all {
		if e := &all[i]; e.State != nsfs.Live {
			s.c.Printf("%s %s: %s\n", word, nsfs.Printable(e.Name), e.Why)
		}
	}
}
