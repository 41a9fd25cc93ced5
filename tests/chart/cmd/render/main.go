// Command render prints what the chart renders for a file of values, as one file for kubectl.
package main

import (
	"fmt"
	"os"

	chart "mooring.dev/tests/chart"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: render CHART VALUES HEADING")
		os.Exit(2)
	}
	values, err := chart.ReadValues(os.Args[2])
	if err == nil {
		var text []byte
		if text, err = chart.Manifests(os.Args[1], values, chart.APIs, os.Args[3]); err == nil {
			_, err = os.Stdout.Write(text)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}
