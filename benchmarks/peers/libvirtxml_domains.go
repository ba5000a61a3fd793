// How long libvirt's own Go binding of its XML takes for a list of domain files: CPU seconds of one
// pass, as JSON. Its argument is the path of a file that names the files.
package main

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"

	"libvirt.org/go/libvirtxml"
)

func cpuSeconds() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	micro := (used.Utime.Sec+used.Stime.Sec)*1e6 + used.Utime.Usec + used.Stime.Usec
	return float64(micro) / 1e6
}

func throughIt(document string) error {
	domain := &libvirtxml.Domain{}
	if err := domain.Unmarshal(document); err != nil {
		return err
	}
	_, err := domain.Marshal()
	return err
}

func onePass(documents map[string]string) (float64, map[string]string) {
	refused := map[string]string{}
	began := cpuSeconds()
	for path, document := range documents {
		if err := throughIt(document); err != nil {
			refused[path] = err.Error()
		}
	}
	return cpuSeconds() - began, refused
}

func main() {
	list, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	documents := map[string]string{}
	for _, path := range strings.Fields(string(list)) {
		document, err := os.ReadFile(path)
		if err != nil {
			panic(err)
		}
		documents[path] = string(document)
	}
	onePass(documents)
	seconds, refused := onePass(documents)
	answer := map[string]any{"cpu_s": seconds, "refused": refused}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		panic(err)
	}
}
