//go:build linux

// Package gc is "minins gc": it removes what runs that were killed left behind, and
// nothing else.
package gc

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/container"
	"github.com/minins/minins/doctor"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

const usage = `Usage: minins gc [-n] [--now]

Remove what killed runs left: names in ` + nsfs.Dir + ` without a namespace, ends of
cables into namespaces that are being taken down, and, of published ports, sysctls,
hairpin mode and tables that no port needs any more: of the network namespace that gc
runs in; "ip netns exec NAME minins gc" is for another one. And tracers of "minins doctor".

  -n, --dry-run  print what would be removed, and remove nothing
      --now      also names that are younger than ten seconds: nobody else makes any

Exit status: 0 if nothing is left, 1 if something could not be removed, 2 for usage`

// A sweep is one call of gc.
type sweep struct {
	c      *applet.Cmd
	dry    bool
	minAge nsfs.RepairOptions
	found  bool
	status int
}

// Run is the applet.
func Run(c *applet.Cmd) int {
	s := &sweep{c: c}
	for _, arg := range c.Args {
		switch arg {
		case "-h", "--help":
			c.Printf("%s\n", usage)
			return 0
		case "-n", "--dry-run":
			s.dry = true
		case "--now":
			s.minAge.MinAge = -1
		default:
			c.Errorf("minins gc: %q is no option of it\n%s", arg, usage)
			return 2
		}
	}
	if s.explained() {
		return 0
	}
	s.names()
	s.links()
	s.ports()
	s.tracers()
	if !s.found && s.status == 0 {
		c.Hintf("nothing was left by killed runs")
	}
	return s.status
}

// explained tells where it would look.
func (s *sweep) explained() bool {
	for _, pair := range [...][2]string{
		{"getdents64(" + nsfs.Dir + "), statfs(each), read(/proc/PID/mountinfo)", "names without a namespace: unlink"},
		{"RTM_GETLINK of kind veth, RTM_GETNSID", "cables into namespaces that are being taken down: RTM_DELLINK"},
		{"NFT_MSG_GETCHAIN, NFT_MSG_GETRULE, NFT_MSG_GETSET, NFT_MSG_GETSETELEM", "what no published port needs: a transaction, sysctls, hairpin mode"},
		{"getdents64(/sys/kernel/tracing/instances)", "tracers of killed runs of doctor: rmdir"},
	} {
		s.c.Explains(pair[0], pair[1])
	}
	return s.c.Explain != nil
}

func (s *sweep) tracers() {
	names, err := doctor.Collect(s.dry)
	for _, name := range names {
		s.did("remove tracer " + name)
	}
	s.failed(err)
}

// did tells one thing that was done, or would be.
func (s *sweep) did(what string) {
	s.found = true
	if s.dry {
		what = "would " + what
	}
	s.c.Printf("%s\n", what)
}

// failed says what is left. The rest goes on.
func (s *sweep) failed(err error) {
	if err == nil {
		return
	}
	s.c.Failed(err, "CAP_NET_ADMIN and CAP_SYS_ADMIN")
	s.status = 1
}

func (s *sweep) names() {
	o := s.minAge
	o.DryRun = s.dry
	removed, err := nsfs.Repair(o)
	for i := range removed {
		s.did("remove " + nsfs.Path(removed[i].Name) + ": " + removed[i].Why)
	}
	s.failed(err)
}

func (s *sweep) links() {
	conn, err := rtnl.Dial(nl.Config{}.Traced(s.c.Context(), rtnl.Protocol))
	if err != nil {
		s.failed(err)
		return
	}
	defer conn.Close()
	names, err := container.CollectLinks(s.c.Context(), conn, s.dry)
	if err == nil {
		for _, name := range names {
			s.did("delete link " + name)
		}
	}
	s.failed(err)
}

func (s *sweep) ports() {
	ns, err := nsfs.Open("/proc/thread-self/ns/net")
	if err != nil {
		s.failed(err)
		return
	}
	defer ns.Close()
	p, err := container.NewPublisher(s.c.Context(), ns)
	if err == nil {
		var done []string
		done, err = p.Collect(s.c.Context(), s.dry)
		for _, what := range done {
			s.did(what)
		}
		err = errors.Join(err, p.Close())
	}
	if !errors.Is(err, unix.EPROTONOSUPPORT) { // no nf_tables, no ports
		s.failed(err)
	}
}
