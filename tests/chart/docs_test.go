// What the guide quotes is what the program and the chart say, and where it leads there is something.
package chart

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// sources are all texts that can hold a message: Rust's line continuations joined, and printf's places as in Rust.
func sources(t *testing.T) []string {
	t.Helper()
	var texts []string
	for _, root := range []string{"../../host", "../../deploy/chart/templates"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".rs" && filepath.Ext(path) != ".tpl" {
				return err
			}
			text, err := os.ReadFile(path)
			texts = append(texts, regexp.MustCompile(`\\\n\s*`).ReplaceAllString(string(text), ""))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return texts
}

func TestEveryMessageInTheGuideIsOneThatIsSaid(t *testing.T) {
	guide, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	texts, checked := sources(t), 0
	for _, line := range strings.Split(string(guide), "\n") {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cell, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), " |")
		for _, quoted := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
			message := quoted[1]
			if strings.HasPrefix(message, "values don't meet") {
				continue // Helm's own
			}
			checked++
			if !said(texts, message) {
				t.Errorf("nothing says %q", message)
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d messages were found in the guide", checked)
	}
}

// said tells whether one text has all parts of a message, one behind the other, close together.
func said(texts []string, message string) bool {
	var parts []string
	for _, part := range strings.Split(message, "…") {
		if part = strings.Trim(part, " "); part != "" {
			parts = append(parts, regexp.QuoteMeta(part))
		}
	}
	pattern := regexp.MustCompile(strings.Join(parts, `[^\n]{0,200}?`))
	for _, text := range texts {
		if pattern.MatchString(text) {
			return true
		}
	}
	return false
}

func TestLinksOfTheGuideLeadSomewhere(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) < 6 {
		t.Fatalf("%v, %v", pages, err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range regexp.MustCompile(`\]\(([^)#]+)`).FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), link[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

// The values that the guide shows are values that the chart takes.
func TestTheGuidesValuesRender(t *testing.T) {
	guide, err := os.ReadFile("../../docs/add-a-vendor.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(guide), -1) {
		if !strings.Contains(block[1], "drivers:") {
			continue
		}
		found++
		values := Values{}
		if err := yaml.UnmarshalStrict([]byte(block[1]), &values); err != nil {
			t.Fatal(err)
		}
		if found := sidecars(objects(t, values, APIs)); len(found) < 4 {
			t.Errorf("%v", found)
		}
	}
	if found == 0 {
		t.Error("the guide shows no values")
	}
}
