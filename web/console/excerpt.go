package console

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// codeLine is one line of a script or a condition. In the line with a mistake, At is the character where it
// was found, between Before and After; in all others everything is in Before.
type codeLine struct {
	Number            int
	Before, At, After string
	Here              bool
}

// around is how many lines of an excerpt stand before and after the one that it is about.
const around = 2

// excerpt returns the lines around a place; line and column count from 1. It is empty for a place that the
// text doesn't have.
func excerpt(text string, line, column int) []codeLine {
	lines := linesOf(text)
	if line < 1 || line > len(lines) {
		return nil
	}
	var near []codeLine
	for n := max(1, line-around); n <= min(len(lines), line+around); n++ {
		l := codeLine{Number: n, Before: lines[n-1], Here: n == line}
		if l.Here {
			l.Before, l.At, l.After = splitAt(l.Before, column)
		}
		near = append(near, l)
	}
	return near
}

// splitAt cuts a line at its column, which counts characters from 1. Behind the end of the line At is a blank.
func splitAt(line string, column int) (before, at, after string) {
	all := []rune(line)
	switch {
	case column < 1:
		return line, "", ""
	case column > len(all):
		return line, " ", ""
	}
	return string(all[:column-1]), string(all[column-1]), string(all[column:])
}

// linesOf splits a text into lines, without an empty last one.
func linesOf(text string) []string {
	text = strings.TrimSuffix(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	return strings.Split(text, "\n")
}

var placeInReason = regexp.MustCompile(`line (\d+), column (\d+)`)

// place is where something is in a text. Both count from 1; 0 is unknown.
type place struct{ Line, Column int }

// placeOf finds the place that a reason of the API names.
func placeOf(reason string) (p place) {
	m := placeInReason.FindStringSubmatch(reason)
	if m == nil {
		return p
	}
	p.Line, _ = strconv.Atoi(m[1]) // they are digits
	p.Column, _ = strconv.Atoi(m[2])
	return p
}

// placeAt is where the byte at an offset of a text is.
func placeAt(text string, offset int64) place {
	before := text[:min(max(0, int(offset)), len(text))]
	return place{1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])}
}
