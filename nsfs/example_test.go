//go:build linux

package nsfs_test

import (
	"fmt"
	"log"
	"net"
	"slices"

	"github.com/minins/minins/nsfs"
)

// A namespace is made, visited and removed.
func Example() {
	if err := nsfs.Create("red"); err != nil {
		log.Fatal(err)
	}
	defer nsfs.Delete("red")

	ns, err := nsfs.Open("red")
	if err != nil {
		log.Fatal(err)
	}
	defer ns.Close()

	err = ns.Do(func() error {
		devices, err := net.Interfaces()
		for _, d := range devices {
			fmt.Println(d.Name, d.Flags&net.FlagUp != 0)
		}
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: lo false
}

// What Delete does, in words.
func ExampleDeleteSteps() {
	for _, s := range nsfs.DeleteSteps("red") {
		fmt.Println(s.Call)
	}
	// Output:
	// openat(AT_FDCWD, "/run/netns/red", O_PATH|O_NOFOLLOW|O_CLOEXEC)
	// umount2("/run/netns/red", MNT_DETACH|UMOUNT_NOFOLLOW)
	// unlink("/run/netns/red")
}

// Many namespaces, which go together.
func ExamplePool() {
	var pool nsfs.Pool
	defer pool.Close()

	colours := []string{"red", "green", "blue"}
	err := pool.CreateEach(slices.Values(colours), func(*nsfs.NS) error {
		return nsfs.RaiseLo() // on a thread that is inside
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(pool.List())

	ns, err := pool.Open("red")
	if err != nil {
		log.Fatal(err)
	}
	defer ns.Close()
	err = ns.Do(func() error {
		devices, err := net.Interfaces()
		for _, d := range devices {
			fmt.Println(d.Name, d.Flags&net.FlagUp != 0)
		}
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// [blue green red] <nil>
	// lo true
}
