package app

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// holder names the process that listens at a port, such as "nginx, process 812", as far as /proc lets this user see:
// proc(5), /proc/net/tcp and /proc/pid/fd.
func holder(addr string) string {
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return ""
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		for _, inode := range listeners(table, port) {
			if who := owner("socket:[" + inode + "]"); who != "" {
				return who
			}
		}
	}
	return ""
}

// listeners lists the inodes of the sockets that listen at a port.
func listeners(table string, port int) (inodes []string) {
	const listening = "0A"
	all, err := os.ReadFile(table)
	if err != nil {
		return nil
	}
	suffix := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(string(all)) {
		f := strings.Fields(line)
		if len(f) > 9 && f[3] == listening && strings.HasSuffix(f[1], suffix) {
			inodes = append(inodes, f[9])
		}
	}
	return inodes
}

// owner finds the process that has a socket open.
func owner(socket string) string {
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, fd := range fds {
		if target, err := os.Readlink(fd); err != nil || target != socket {
			continue
		}
		pid := strings.Split(fd, "/")[2]
		name, err := os.ReadFile("/proc/" + pid + "/comm")
		if err != nil {
			return "process " + pid
		}
		return strings.TrimSpace(string(name)) + ", process " + pid
	}
	return ""
}
