package compose

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// stage is one FROM of the Dockerfile: its image and its instructions.
type stage struct {
	image        string
	instructions []string
}

// stages reads what the tests need; it isn't a parser of Dockerfiles.
func stages(t *testing.T) []stage {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, dockerfile(t)))
	require.NoError(t, err)
	var all []stage
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || strings.HasPrefix(fields[0], "#"):
		case fields[0] == "FROM":
			all = append(all, stage{image: fields[1]})
		default:
			require.NotEmpty(t, all, "an instruction before the first FROM")
			last := &all[len(all)-1]
			last.instructions = append(last.instructions, strings.Join(fields, " "))
		}
	}
	require.NotEmpty(t, all)
	return all
}

// dockerfile is the one that docker-compose.yml builds.
func dockerfile(t *testing.T) string {
	t.Helper()
	p := project(t)
	build := service(t, p, "api").Build
	require.NotNil(t, build)
	for _, name := range []string{"setup", "worker"} {
		require.Equal(t, build, service(t, p, name).Build, "%s is another image than api", name)
	}
	return build.Dockerfile
}

// entrypoint is what precedes each service's command in its container.
func entrypoint(t *testing.T) string {
	t.Helper()
	all := stages(t)
	for _, i := range all[len(all)-1].instructions {
		if rest, ok := strings.CutPrefix(i, "ENTRYPOINT "); ok {
			return rest
		}
	}
	require.Fail(t, "the image has no ENTRYPOINT")
	return ""
}

func TestImageHasTheBinaryAndNoRoot(t *testing.T) {
	all := stages(t)
	last := all[len(all)-1]
	require.Greater(t, len(all), 1, "the compiler would be part of the image")
	require.True(t, last.image == "scratch" || strings.Contains(last.image, "distroless/static"), last.image)
	require.Contains(t, last.instructions, "USER 65532:65532")
	require.Contains(t, last.instructions, "COPY --from=build /out/holdfast /out/healthcheck /")
	require.JSONEq(t, `["/holdfast"]`, entrypoint(t))
	require.Equal(t, []string{"CMD", "/healthcheck"}, []string(service(t, project(t), "api").HealthCheck.Test[:2]))
}

// A static binary is one without cgo: none of the packages may need it.
func TestBinaryIsStatic(t *testing.T) {
	build := strings.Join(stages(t)[0].instructions, "\n")
	require.Contains(t, build, "CGO_ENABLED=0 go build")
	require.Contains(t, build, "./cmd/holdfast ./cmd/healthcheck")

	list := exec.CommandContext(t.Context(), "go", "list", "-deps",
		"-f", "{{if and (not .Standard) .CgoFiles}}{{.ImportPath}}{{end}}", "./cmd/holdfast", "./cmd/healthcheck")
	list.Dir = root
	list.Env = append(os.Environ(), "CGO_ENABLED=1")
	list.Stderr = os.Stderr
	needing, err := list.Output()
	require.NoError(t, err)
	require.Empty(t, strings.TrimSpace(string(needing)), "packages that need cgo")
}

func TestImageIsBuiltWithTheGoOfTheModule(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	var minimum string
	for line := range strings.Lines(string(mod)) {
		if rest, ok := strings.CutPrefix(line, "go "); ok {
			minimum = strings.TrimSpace(rest)
		}
	}
	parts := strings.SplitN(minimum, ".", 3)
	require.GreaterOrEqual(t, len(parts), 2, "go.mod names no Go version")
	require.Regexp(t, `^golang:`+parts[0]+`\.`+parts[1]+`\.\d+-bookworm$`, stages(t)[0].image)
}
