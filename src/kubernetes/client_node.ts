/**
 * What is used of `@kubernetes/client-node`, which is only ever imported from here: of a module that is imported as a whole at
 * run time the bundler must keep everything, and most of this one is 14 MB of generated types.
 */
export { KubeConfig, loadYaml } from "@kubernetes/client-node";
