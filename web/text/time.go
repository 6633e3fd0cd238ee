package text

import "time"

// Time returns the time of day.
func (p *Printer) Time(t time.Time) string { return t.In(p.zone).Format("15:04") }

// Date returns a day, with its year only if it isn't the current one.
func (p *Printer) Date(t time.Time) string {
	t = t.In(p.zone)
	sameYear := t.Year() == p.now().In(p.zone).Year()
	switch {
	case p.lang == "zh" && sameYear:
		return t.Format("1月2日")
	case p.lang == "zh":
		return t.Format("2006年1月2日")
	case sameYear:
		return t.Format("2 January")
	}
	return t.Format("2 January 2006")
}

// Moment returns a time as people read it: the time of day if it is today, otherwise with its date.
func (p *Printer) Moment(t time.Time) string {
	if p.today(t) {
		return p.Time(t)
	}
	t = t.In(p.zone)
	if p.lang == "zh" {
		return p.Date(t) + " " + p.Time(t)
	}
	if t.Year() == p.now().In(p.zone).Year() {
		return t.Format("2 Jan, 15:04")
	}
	return t.Format("2 Jan 2006, 15:04")
}

func (p *Printer) today(t time.Time) bool {
	y, m, d := t.In(p.zone).Date()
	ny, nm, nd := p.now().In(p.zone).Date()
	return y == ny && m == nm && d == nd
}

// Exact returns a time for a datetime attribute.
func (p *Printer) Exact(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Zone names the time zone of all times.
func (p *Printer) Zone() string {
	if p.zone == time.UTC {
		return "UTC"
	}
	return p.zone.String()
}

// localLayout is how forms write a time in the reader's zone.
const localLayout = "2006-01-02T15:04:05"

// Local returns a time for a datetime-local field.
func (p *Printer) Local(t time.Time) string { return t.In(p.zone).Format(localLayout) }

// ParseLocal reads what a datetime-local field sends, and reports whether it is a time.
func (p *Printer) ParseLocal(text string) (time.Time, bool) {
	for _, layout := range []string{localLayout, "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, p.zone); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
