// Says what GitOps tools read from Kubernetes objects: kstatus (Flux, Helm --wait, kro) with its own library, and the Lua
// health script of Argo CD with the interpreter and the libraries that Argo CD runs it with.
//
// Reads {"script": "...", "objects": [...]} from stdin and writes one answer for each object.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type question struct {
	Script  string           `json:"script"`
	Objects []map[string]any `json:"objects"`
}

type health struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

type answer struct {
	Kstatus string `json:"kstatus"`
	Message string `json:"message"`
	ArgoCD  health `json:"argocd"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var asked question
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		return err
	}
	answers := make([]answer, 0, len(asked.Objects))
	for _, object := range asked.Objects {
		result, err := status.Compute(&unstructured.Unstructured{Object: withIntegers(object).(map[string]any)})
		if err != nil {
			return err
		}
		found, err := runScript(asked.Script, object)
		if err != nil {
			return err
		}
		answers = append(answers, answer{Kstatus: result.Status.String(), Message: result.Message, ArgoCD: found})
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

// Unstructured objects hold whole numbers as int64; the decoder of encoding/json makes floats of all numbers.
func withIntegers(value any) any {
	switch typed := value.(type) {
	case map[string]any:
		copied := make(map[string]any, len(typed))
		for key, inner := range typed {
			copied[key] = withIntegers(inner)
		}
		return copied
	case []any:
		copied := make([]any, len(typed))
		for i, inner := range typed {
			copied[i] = withIntegers(inner)
		}
		return copied
	case float64:
		return int64(typed)
	}
	return value
}

// The script has the object as the global obj and answers with a table. Like Argo CD, this opens only the libraries that
// can't reach out of the interpreter.
func runScript(script string, object map[string]any) (health, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName:   lua.OpenPackage,
		lua.BaseLibName:   lua.OpenBase,
		lua.TabLibName:    lua.OpenTable,
		lua.StringLibName: lua.OpenString,
		lua.MathLibName:   lua.OpenMath,
	} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			return health{}, err
		}
	}
	state.SetGlobal("obj", toLua(state, object))
	if err := state.DoString(script); err != nil {
		return health{}, err
	}
	table, isTable := state.Get(-1).(*lua.LTable)
	if !isTable {
		return health{}, fmt.Errorf("the script answered a %s, not a table", state.Get(-1).Type())
	}
	return health{
		Status:  lua.LVAsString(table.RawGetString("status")),
		Message: lua.LVAsString(table.RawGetString("message")),
	}, nil
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch typed := value.(type) {
	case map[string]any:
		table := state.NewTable()
		for key, inner := range typed {
			table.RawSetString(key, toLua(state, inner))
		}
		return table
	case []any:
		table := state.NewTable()
		for _, inner := range typed {
			table.Append(toLua(state, inner))
		}
		return table
	case string:
		return lua.LString(typed)
	case bool:
		return lua.LBool(typed)
	case float64:
		return lua.LNumber(typed)
	}
	return lua.LNil
}
