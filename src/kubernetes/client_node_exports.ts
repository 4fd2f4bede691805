// Of a module that is imported as a whole at run time a bundler keeps everything; named here, the little that is used stays,
// and 14 MB of generated types go.
export { KubeConfig, loadYaml } from "@kubernetes/client-node";
